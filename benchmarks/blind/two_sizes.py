"""Two independent sizes: O(n*m), O(n+m), O(n log m), and functions where one of them is idle."""

from benchmarks.blind.rows import TWO_LISTS, TWO_STRINGS, Row, row

GRID = "lambda n, m, rng: ([[rng.randrange(100) for _ in range(m)] for _ in range(n)],)"
GRAPH = "lambda n, m, rng: (n, [(rng.randrange(n), rng.randrange(n)) for _ in range(m)])"
TWO_NUMBERS = "lambda n, m, rng: (n, m)"

ROWS: list[Row] = [
    row(
        "nested_matches",
        "O(n*m)",
        "O(1)",
        "nested",
        TWO_LISTS,
        """
def matches(left, right):
    count = 0
    for a in left:
        for b in right:
            if a == b:
                count += 1
    return count
""",
    ),
    row(
        "list_difference",
        "O(n*m)",
        "O(n)",
        "accidental c-hidden",
        "lambda n, m, rng: (list(range(n)), list(range(n, n + m)))",
        '''
def difference(current, banned):
    """Elements of `current` that are not in the list `banned`."""
    return [item for item in current if item not in banned]
''',
    ),
    row(
        "count_each_needle",
        "O(n*m)",
        "O(n)",
        "accidental c-hidden",
        "lambda n, m, rng: ([rng.randrange(50) for _ in range(n)],"
        " [rng.randrange(50) for _ in range(m)])",
        """
def tally(needles, haystack):
    return [haystack.count(needle) for needle in needles]
""",
    ),
    row(
        "levenshtein_rows",
        "O(n*m)",
        "",
        "dp strings",
        TWO_STRINGS,
        """
def levenshtein(a: str, b: str) -> int:
    previous = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        current = [i]
        for j, cb in enumerate(b, 1):
            insert = current[j - 1] + 1
            delete = previous[j] + 1
            replace = previous[j - 1] + (ca != cb)
            current.append(min(insert, delete, replace))
        previous = current
    return previous[-1]
""",
    ),
    row(
        "grid_paths_table",
        "O(n*m)",
        "O(n*m)",
        "dp grid",
        TWO_NUMBERS,
        """
def unique_paths(rows, cols):
    paths = [[1] * cols for _ in range(rows)]
    for r in range(1, rows):
        for c in range(1, cols):
            paths[r][c] = (paths[r - 1][c] + paths[r][c - 1]) % 1000000007
    return paths[-1][-1]
""",
    ),
    row(
        "knapsack_table",
        "O(n*m)",
        "",
        "dp",
        "lambda n, m, rng: ([rng.randrange(1, 3) for _ in range(n)],"
        " [rng.randrange(100) for _ in range(n)], m)",
        """
def knapsack(weights, values, capacity):
    best = [0] * (capacity + 1)
    for weight, value in zip(weights, values):
        for room in range(capacity, weight - 1, -1):
            best[room] = max(best[room], best[room - weight] + value)
    return best[capacity]
""",
    ),
    row(
        "search_shared_prefix",
        "O(n*m)",
        "O(1)",
        "strings",
        "lambda n, m, rng: ('a' * (n + m), 'a' * m + 'b')",
        """
def occurrences(text, pattern):
    found = 0
    for start in range(len(text) - len(pattern) + 1):
        for offset, letter in enumerate(pattern):
            if text[start + offset] != letter:
                break
        else:
            found += 1
    return found
""",
    ),
    row(
        "outer_product",
        "O(n*m)",
        "O(n*m)",
        "matrix",
        TWO_LISTS,
        """
def outer(u, v):
    return [[x * y for y in v] for x in u]
""",
    ),
    row(
        "matrix_vector",
        "O(n*m)",
        "O(n)",
        "matrix",
        "lambda n, m, rng: ([[1] * m for _ in range(n)], [2] * m)",
        """
def apply(matrix, vector):
    result = []
    for line in matrix:
        result.append(sum(a * x for a, x in zip(line, vector)))
    return result
""",
    ),
    row(
        "bellman_ford",
        "O(n*m)",
        "O(n)",
        "graph",
        "lambda n, m, rng: (n, [(rng.randrange(n), rng.randrange(n), rng.randrange(1, 50))"
        " for _ in range(m)])",
        """
def distances(n, edges):
    inf = float("inf")
    dist = [inf] * n
    dist[0] = 0
    for _ in range(n - 1):
        for u, v, w in edges:
            if dist[u] + w < dist[v]:
                dist[v] = dist[u] + w
    return dist
""",
    ),
    row(
        "column_maxima",
        "O(n*m)",
        "",
        "matrix grid",
        GRID,
        """
def column_maxima(grid):
    maxima = list(grid[0])
    for line in grid[1:]:
        for c, value in enumerate(line):
            if value > maxima[c]:
                maxima[c] = value
    return maxima
""",
    ),
    row(
        "flood_fill_stack",
        "O(n*m)",
        "O(n*m)",
        "grid graph",
        "lambda n, m, rng: ([[0] * m for _ in range(n)],)",
        """
def flood(grid):
    rows, cols = len(grid), len(grid[0])
    seen = [[False] * cols for _ in range(rows)]
    stack = [(0, 0)]
    seen[0][0] = True
    area = 0
    while stack:
        r, c = stack.pop()
        area += 1
        for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            y, x = r + dr, c + dc
            if 0 <= y < rows and 0 <= x < cols and not seen[y][x] and grid[y][x] == 0:
                seen[y][x] = True
                stack.append((y, x))
    return area
""",
    ),
    row(
        "longest_common_substring",
        "O(n*m)",
        "",
        "dp strings",
        TWO_STRINGS,
        """
def longest_common_substring(s, t):
    best = 0
    run = [0] * (len(t) + 1)
    for ch in s:
        for j in range(len(t), 0, -1):
            run[j] = run[j - 1] + 1 if t[j - 1] == ch else 0
            best = max(best, run[j])
    return best
""",
    ),
    row(
        "coin_change_min",
        "O(n*m)",
        "",
        "dp",
        "lambda n, m, rng: ([1 + i % 3 for i in range(n)], m)",
        """
def fewest_coins(coins, amount):
    need = [0] + [float("inf")] * amount
    for coin in coins:
        for total in range(coin, amount + 1):
            if need[total - coin] + 1 < need[total]:
                need[total] = need[total - coin] + 1
    return need[amount]
""",
    ),
    # ------------------------------------------------------------------ O(n+m)
    row(
        "merge_two_sorted",
        "O(n+m)",
        "O(n+m)",
        "two-pointers",
        "lambda n, m, rng: (sorted(rng.randrange(10 * n) for _ in range(n)),"
        " sorted(rng.randrange(10 * n) for _ in range(m)))",
        """
def merge(a, b):
    merged = []
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            merged.append(a[i])
            i += 1
        else:
            merged.append(b[j])
            j += 1
    merged += a[i:]
    merged += b[j:]
    return merged
""",
    ),
    row(
        "set_overlap",
        "O(n+m)",
        "O(n+m)",
        "set c-hidden",
        TWO_LISTS,
        """
def jaccard(left, right):
    a, b = set(left), set(right)
    return len(a & b) / max(1, len(a | b))
""",
    ),
    row(
        "components_bfs",
        "O(n+m)",
        "O(n+m)",
        "graph bfs",
        GRAPH,
        """
from collections import deque


def components(n, edges):
    neighbours = [[] for _ in range(n)]
    for a, b in edges:
        neighbours[a].append(b)
        neighbours[b].append(a)
    seen = [False] * n
    count = 0
    for start in range(n):
        if seen[start]:
            continue
        count += 1
        seen[start] = True
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for other in neighbours[node]:
                if not seen[other]:
                    seen[other] = True
                    queue.append(other)
    return count
""",
    ),
    row(
        "kahn_order",
        "O(n+m)",
        "O(n+m)",
        "graph topological",
        "lambda n, m, rng: (n, [tuple(sorted((rng.randrange(n), n + rng.randrange(n)))) for _ in"
        " range(m)])",
        """
def topological_order(n, dependencies):
    after = {v: [] for v in range(2 * n)}
    blocked = dict.fromkeys(after, 0)
    for first, then in dependencies:
        after[first].append(then)
        blocked[then] += 1
    ready = [v for v in after if blocked[v] == 0]
    order = []
    while ready:
        v = ready.pop()
        order.append(v)
        for w in after[v]:
            blocked[w] -= 1
            if blocked[w] == 0:
                ready.append(w)
    return order
""",
    ),
    row(
        "bipartite_colouring",
        "O(n+m)",
        "O(n+m)",
        "graph dfs",
        "lambda n, m, rng: (n, [(2 * rng.randrange((n + 1) // 2), 2 * rng.randrange(n) + 1)"
        " for _ in range(m)])",
        """
def is_bipartite(n, edges):
    from collections import defaultdict

    graph = defaultdict(list)
    for u, v in edges:
        graph[u].append(v)
        graph[v].append(u)
    colour = {}
    for root in range(n):
        if root in colour:
            continue
        colour[root] = 0
        stack = [root]
        while stack:
            node = stack.pop()
            for other in graph[node]:
                if other not in colour:
                    colour[other] = 1 - colour[node]
                    stack.append(other)
                elif colour[other] == colour[node]:
                    return False
    return True
""",
    ),
    row(
        "kmp_search",
        "O(n+m)",
        "",
        "strings kmp",
        "lambda n, m, rng: ('a' * n, 'a' * m + 'b')",
        """
def kmp(text, pattern):
    fail = [0]
    k = 0
    for ch in pattern[1:]:
        while k and pattern[k] != ch:
            k = fail[k - 1]
        k += pattern[k] == ch
        fail.append(k)
    matched = 0
    for i, ch in enumerate(text):
        while matched and pattern[matched] != ch:
            matched = fail[matched - 1]
        if pattern[matched] == ch:
            matched += 1
        if matched == len(pattern):
            return i - matched + 1
    return -1
""",
    ),
    row(
        "hash_join",
        "O(n+m)",
        "",
        "data",
        "lambda n, m, rng: ([(i, i * 2) for i in range(n)],"
        " [(rng.randrange(2 * n), i) for i in range(m)])",
        """
def join(customers, orders):
    by_id = {}
    for customer_id, region in customers:
        by_id[customer_id] = region
    rows = []
    for customer_id, amount in orders:
        if customer_id in by_id:
            rows.append((customer_id, by_id[customer_id], amount))
    return rows
""",
    ),
    row(
        "ransom_note",
        "O(n+m)",
        "O(1)",
        "strings collections c-hidden",
        "lambda n, m, rng: (''.join(rng.choice('abcd') for _ in range(n)),"
        " ''.join(rng.choice('abcd') for _ in range(m)))",
        """
from collections import Counter


def can_construct(note, magazine):
    needed = Counter(note)
    needed.subtract(Counter(magazine))
    return all(count <= 0 for count in needed.values())
""",
    ),
    row(
        "two_loops_in_turn",
        "O(n+m)",
        "O(1)",
        "loops",
        TWO_NUMBERS,
        """
def checksum(n, m):
    total = 0
    for i in range(n):
        total ^= i * 31
    for j in range(m):
        total ^= j * 17
    return total
""",
    ),
    row(
        "concat_and_filter",
        "O(n+m)",
        "O(n+m)",
        "c-hidden",
        TWO_LISTS,
        """
def evens(first, second):
    return [x for x in first + second if x % 2 == 0]
""",
    ),
    # -------------------------------------------------------------- O(n log m)
    row(
        "queries_by_hand",
        "O(n log m)",
        "O(n)",
        "search",
        "lambda n, m, rng: ([rng.randrange(2 * m) for _ in range(n)], list(range(0, 2 * m, 2)))",
        """
def locate(queries, values):
    answers = []
    for q in queries:
        low, high = 0, len(values)
        while low < high:
            mid = (low + high) // 2
            if values[mid] < q:
                low = mid + 1
            else:
                high = mid
        answers.append(low)
    return answers
""",
    ),
    row(
        "bisect_queries",
        "O(n log m)",
        "O(1)",
        "bisect c-hidden",
        "lambda n, m, rng: ([rng.randrange(m) for _ in range(n)], list(range(m)))",
        """
from bisect import bisect_right


def total_rank(readings, thresholds):
    return sum(bisect_right(thresholds, r) for r in readings)
""",
    ),
    row(
        "heap_replace_stream",
        "O(n log m)",
        "O(1)",
        "heapq c-hidden",
        "lambda n, m, rng: (list(range(m, m + n)), list(range(m)))",
        '''
import heapq


def keep_largest(stream, best):
    """`best` is a heap of the largest values so far; update it with `stream`."""
    for value in stream:
        if value > best[0]:
            heapq.heapreplace(best, value)
    return best[0]
''',
    ),
    row(
        "power_of_each",
        "O(n log m)",
        "O(n)",
        "numbers",
        "lambda n, m, rng: ([rng.randrange(2, 1000) for _ in range(n)], m)",
        """
MODULUS = 1000003


def power(base, exponent):
    value = 1
    while exponent:
        if exponent & 1:
            value = value * base % MODULUS
        base = base * base % MODULUS
        exponent >>= 1
    return value


def powers(bases, exponent):
    return [power(b, exponent) for b in bases]
""",
    ),
    row(
        "fenwick_updates",
        "O(n log m)",
        "O(1)",
        "fenwick bits",
        "lambda n, m, rng: ([0] * (m + 1), [1] * n)",
        """
def record_hits(tree, positions):
    size = len(tree)
    for position in positions:
        i = position
        while i < size:
            tree[i] += 1
            i += i & -i
    return None
""",
    ),
    # ------------------------------------------------------- one size is idle
    row(
        "prefix_budget_idle",
        "O(n)",
        "O(1)",
        "idle-size",
        TWO_LISTS,
        """
def above_first_threshold(values, thresholds):
    limit = thresholds[0]
    return sum(1 for v in values if v > limit)
""",
    ),
    row(
        "set_filter_idle",
        "O(n)",
        "",
        "idle-size set",
        "lambda n, m, rng: (list(range(n)), set(range(n // 2, n // 2 + m)))",
        """
def keep_known(names, known):
    return [name for name in names if name in known]
""",
    ),
]
