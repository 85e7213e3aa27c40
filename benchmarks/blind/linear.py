"""O(n): one pass, several passes one after the other, nested loops that are linear in total."""

from benchmarks.blind.rows import (
    DISTINCT,
    INTS,
    LETTERS,
    MATRIX,
    NUMBER,
    SAME_LETTER,
    SIGNED,
    SORTED,
    WORDS,
    Row,
    row,
)

TREE_EDGES = "lambda n, rng: (n, [(rng.randrange(i), i) for i in range(1, n)])"
CHAIN = (
    "lambda n, rng: (__import__('functools').reduce(lambda tail, v: [v, tail], range(n), None),)"
)

ROWS: list[Row] = [
    row(
        "running_max",
        "O(n)",
        "O(n)",
        "lists",
        INTS,
        """
def running_max(values):
    result = []
    best = None
    for v in values:
        if best is None or v > best:
            best = v
        result.append(best)
    return result
""",
    ),
    row(
        "kadane_bounds",
        "O(n)",
        "O(1)",
        "dp",
        SIGNED,
        '''
def best_segment(numbers: list[int]) -> tuple[int, int, int]:
    """Largest sum of a contiguous segment, with its bounds."""
    best, best_from, best_to = numbers[0], 0, 0
    current, start = numbers[0], 0
    for i in range(1, len(numbers)):
        if current < 0:
            current, start = numbers[i], i
        else:
            current += numbers[i]
        if current > best:
            best, best_from, best_to = current, start, i
    return best, best_from, best_to
''',
    ),
    row(
        "two_sum_dict",
        "O(n)",
        "O(n)",
        "dict",
        "lambda n, rng: (rng.sample(range(0, 20 * n, 2), n), 1)",
        """
def two_sum(nums, target):
    seen = {}
    for i, num in enumerate(nums):
        if target - num in seen:
            return [seen[target - num], i]
        seen[num] = i
    return []
""",
    ),
    row(
        "letter_histogram",
        "O(n)",
        "O(1)",
        "collections c-hidden strings",
        LETTERS,
        """
from collections import Counter


def most_common_letter(text):
    counts = Counter(text)
    return counts.most_common(1)[0][0]
""",
    ),
    row(
        "distinct_count",
        "O(n)",
        "O(n)",
        "c-hidden set",
        DISTINCT,
        """
def has_duplicates(xs):
    return len(set(xs)) != len(xs)
""",
    ),
    row(
        "majority_vote",
        "O(n)",
        "O(1)",
        "lists",
        INTS,
        """
def majority(votes):
    candidate, lead = None, 0
    for vote in votes:
        if lead == 0:
            candidate = vote
        lead += 1 if vote == candidate else -1
    return candidate if votes.count(candidate) * 2 > len(votes) else None
""",
    ),
    row(
        "longest_unique_window",
        "O(n)",
        "O(1)",
        "sliding-window strings",
        LETTERS,
        """
def longest_without_repeat(s):
    last = {}
    start = best = 0
    for i, ch in enumerate(s):
        if last.get(ch, -1) >= start:
            start = last[ch] + 1
        last[ch] = i
        best = max(best, i - start + 1)
    return best
""",
    ),
    row(
        "window_at_most_sum",
        "O(n)",
        "O(1)",
        "sliding-window two-pointers nested-linear",
        INTS,
        """
def longest_cheap_run(costs, budget=1000):
    left = 0
    total = 0
    longest = 0
    for right in range(len(costs)):
        total += costs[right]
        while total > budget:
            total -= costs[left]
            left += 1
        longest = max(longest, right - left + 1)
    return longest
""",
    ),
    row(
        "sliding_max_deque",
        "O(n)",
        "O(1)",
        "sliding-window collections nested-linear",
        INTS,
        """
from collections import deque


def window_maxima(prices, k=10):
    window = deque()
    peak = 0
    for i, price in enumerate(prices):
        while window and prices[window[-1]] <= price:
            window.pop()
        window.append(i)
        if window[0] <= i - k:
            window.popleft()
        if i >= k - 1:
            peak ^= prices[window[0]]
    return peak
""",
    ),
    row(
        "next_greater_stack",
        "O(n)",
        "O(n)",
        "stack nested-linear",
        INTS,
        """
def next_greater(values):
    answer = [-1] * len(values)
    stack = []
    for i, value in enumerate(values):
        while stack and values[stack[-1]] < value:
            answer[stack.pop()] = value
        stack.append(i)
    return answer
""",
    ),
    row(
        "histogram_area",
        "O(n)",
        "O(n)",
        "stack nested-linear",
        "lambda n, rng: (list(range(1, n + 1)),)",
        """
def largest_rectangle(heights):
    stack = []
    best = 0
    for i, h in enumerate(heights + [0]):
        start = i
        while stack and stack[-1][1] >= h:
            start, height = stack.pop()
            best = max(best, height * (i - start))
        stack.append((start, h))
    return best
""",
    ),
    row(
        "trap_rain",
        "O(n)",
        "O(1)",
        "two-pointers",
        INTS,
        """
def trapped_water(walls):
    left, right = 0, len(walls) - 1
    left_max = right_max = water = 0
    while left < right:
        if walls[left] < walls[right]:
            left_max = max(left_max, walls[left])
            water += left_max - walls[left]
            left += 1
        else:
            right_max = max(right_max, walls[right])
            water += right_max - walls[right]
            right -= 1
    return water
""",
    ),
    row(
        "pair_in_sorted",
        "O(n)",
        "O(1)",
        "two-pointers",
        "lambda n, rng: (list(range(0, 2 * n, 2)), 2 * n + 1)",
        """
def has_pair(sorted_values, target):
    i = 0
    j = len(sorted_values) - 1
    while i < j:
        pair = sorted_values[i] + sorted_values[j]
        if pair == target:
            return True
        elif pair < target:
            i += 1
        else:
            j -= 1
    return False
""",
    ),
    row(
        "merge_halves",
        "O(n)",
        "O(n)",
        "two-pointers",
        SORTED,
        """
def interleave_sorted(xs):
    a, b = xs[::2], xs[1::2]
    merged = []
    i = j = 0
    while i < len(a) or j < len(b):
        if j == len(b) or (i < len(a) and a[i] <= b[j]):
            merged.append(a[i])
            i += 1
        else:
            merged.append(b[j])
            j += 1
    return merged
""",
    ),
    row(
        "partition_three",
        "O(n)",
        "O(1)",
        "in-place",
        "lambda n, rng: ([rng.randrange(3) for _ in range(n)],)",
        """
def dutch_flag(colours):
    low, mid, high = 0, 0, len(colours) - 1
    while mid <= high:
        if colours[mid] == 0:
            colours[low], colours[mid] = colours[mid], colours[low]
            low += 1
            mid += 1
        elif colours[mid] == 1:
            mid += 1
        else:
            colours[mid], colours[high] = colours[high], colours[mid]
            high -= 1
    return colours
""",
    ),
    row(
        "palindrome_check",
        "O(n)",
        "O(1)",
        "strings two-pointers",
        SAME_LETTER,
        """
def is_palindrome(text):
    i, j = 0, len(text) - 1
    while i < j:
        if text[i] != text[j]:
            return False
        i, j = i + 1, j - 1
    return True
""",
    ),
    row(
        "reverse_compare",
        "O(n)",
        "O(n)",
        "strings c-hidden slice",
        SAME_LETTER,
        """
def reads_same_backwards(text: str) -> bool:
    cleaned = text.lower().replace(" ", "")
    return cleaned == cleaned[::-1]
""",
    ),
    row(
        "rle_groupby",
        "O(n)",
        "O(n)",
        "itertools strings",
        "lambda n, rng: (''.join(rng.choice('abcd') for _ in range(n)),)",
        """
from itertools import groupby


def compress(text):
    return "".join(f"{char}{len(list(run))}" for char, run in groupby(text))
""",
    ),
    row(
        "rle_manual",
        "O(n)",
        "O(n)",
        "strings nested-linear",
        LETTERS,
        """
def encode_runs(s):
    parts = []
    i = 0
    while i < len(s):
        j = i
        while j < len(s) and s[j] == s[i]:
            j += 1
        parts.append((s[i], j - i))
        i = j
    return parts
""",
    ),
    row(
        "kmp_table",
        "O(n)",
        "O(n)",
        "strings kmp nested-linear",
        SAME_LETTER,
        """
def failure_function(pattern):
    fail = [0] * len(pattern)
    k = 0
    for i in range(1, len(pattern)):
        while k > 0 and pattern[k] != pattern[i]:
            k = fail[k - 1]
        if pattern[k] == pattern[i]:
            k += 1
        fail[i] = k
    return fail
""",
    ),
    row(
        "z_array",
        "O(n)",
        "O(n)",
        "strings nested-linear",
        SAME_LETTER,
        """
def z_function(s):
    n = len(s)
    z = [0] * n
    left = right = 0
    for i in range(1, n):
        if i < right:
            z[i] = min(right - i, z[i - left])
        while i + z[i] < n and s[z[i]] == s[i + z[i]]:
            z[i] += 1
        if i + z[i] > right:
            left, right = i, i + z[i]
    return z
""",
    ),
    row(
        "word_count",
        "O(n)",
        "O(n)",
        "strings c-hidden data",
        "lambda n, rng: (' '.join(rng.choice(['red', 'green', 'blue', 'sky']) for _ in range(n)),)",
        '''
def count_words(text):
    """Map every word to how often it occurs."""
    counts = {}
    for word in text.split():
        counts[word] = counts.get(word, 0) + 1
    return counts
''',
    ),
    row(
        "balanced_brackets",
        "O(n)",
        "O(n)",
        "parser stack",
        "lambda n, rng: ('(' * n + ')' * n,)",
        """
PAIRS = {")": "(", "]": "[", "}": "{"}


def balanced(source):
    stack = []
    for ch in source:
        if ch in "([{":
            stack.append(ch)
        elif ch in PAIRS:
            if not stack or stack.pop() != PAIRS[ch]:
                return False
    return not stack
""",
    ),
    row(
        "rpn_evaluator",
        "O(n)",
        "O(n)",
        "parser stack",
        "lambda n, rng: (['1'] * (n + 1) + ['+'] * n,)",
        """
import operator

OPS = {"+": operator.add, "-": operator.sub}


def evaluate(tokens):
    stack = []
    for token in tokens:
        if token in OPS:
            right = stack.pop()
            left = stack.pop()
            stack.append(OPS[token](left, right))
        else:
            stack.append(int(token))
    return stack[0]
""",
    ),
    row(
        "tokenise_regex",
        "O(n)",
        "O(n)",
        "parser re c-hidden",
        "lambda n, rng: ('+'.join(str(rng.randrange(10, 100)) for _ in range(n)),)",
        """
import re

TOKEN = re.compile(r"\\d+|[-+*/()]")


def tokenize(expression):
    return [int(t) if t.isdigit() else t for t in TOKEN.findall(expression)]
""",
    ),
    row(
        "sum_expression_parser",
        "O(n)",
        "O(1)",
        "parser class",
        "lambda n, rng: ('+'.join(str(rng.randrange(10, 100)) for _ in range(n)),)",
        """
class Scanner:
    def __init__(self, text):
        self.text = text
        self.pos = 0

    def number(self):
        value = 0
        while self.pos < len(self.text) and self.text[self.pos].isdigit():
            value = value * 10 + int(self.text[self.pos])
            self.pos += 1
        return value

    def expression(self):
        total = self.number()
        while self.pos < len(self.text) and self.text[self.pos] == "+":
            self.pos += 1
            total += self.number()
        return total


def evaluate_sum(text):
    return Scanner(text).expression()
""",
    ),
    row(
        "query_string",
        "O(n)",
        "O(n)",
        "web strings",
        "lambda n, rng: ('&'.join('k%07d=v' % i for i in range(n)),)",
        """
def parse_query(query: str) -> dict[str, str]:
    params = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        params[key] = value
    return params
""",
    ),
    row(
        "group_by_key",
        "O(n)",
        "O(n)",
        "data dict",
        "lambda n, rng: ([{'city': rng.randrange(max(1, n // 4)), 'amount': i}"
        " for i in range(n)],)",
        """
from collections import defaultdict


def totals_by_city(orders):
    groups = defaultdict(list)
    for order in orders:
        groups[order["city"]].append(order["amount"])
    return {city: sum(amounts) for city, amounts in groups.items()}
""",
    ),
    row(
        "hash_join_self",
        "O(n)",
        "O(n)",
        "data",
        "lambda n, rng: ([(i, 'u%d' % i) for i in range(n)],)",
        """
def link_followers(users):
    by_id = {user_id: name for user_id, name in users}
    result = []
    for user_id, name in users:
        follower = by_id.get(user_id + 1)
        if follower is not None:
            result.append((name, follower))
    return result
""",
    ),
    row(
        "json_dump_list",
        "O(n)",
        "O(n)",
        "json c-hidden web",
        "lambda n, rng: ([rng.randrange(100, 1000) for _ in range(n)],)",
        """
import json


def to_payload(values):
    return json.dumps({"count": len(values), "values": values})
""",
    ),
    row(
        "csv_lines",
        "O(n)",
        "O(n)",
        "data strings",
        "lambda n, rng: ('\\n'.join('%07d,%02d' % (i, i * i % 97) for i in range(n)),)",
        """
def column_total(csv_text, column=1):
    total = 0
    for line in csv_text.splitlines():
        fields = line.split(",")
        total += int(fields[column])
    return total
""",
    ),
    row(
        "moving_average_gen",
        "O(n)",
        "O(1)",
        "generators collections",
        INTS,
        """
from collections import deque


def moving_average(stream, size=5):
    window = deque(maxlen=size)
    for value in stream:
        window.append(value)
        yield sum(window) / len(window)


def smoothest(values):
    return min(moving_average(values))
""",
    ),
    row(
        "fib_iterative_mod",
        "O(n)",
        "O(1)",
        "fibonacci",
        NUMBER,
        """
def fib_mod(n, mod=10007):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, (a + b) % mod
    return a
""",
    ),
    row(
        "fib_memo_dict",
        "O(n)",
        "O(n)",
        "fibonacci memo recursion",
        NUMBER,
        """
import sys

sys.setrecursionlimit(1 << 20)


def fib_mod(n, memo=None):
    if memo is None:
        memo = {0: 0, 1: 1}
    if n not in memo:
        memo[n] = (fib_mod(n - 1, memo) + fib_mod(n - 2, memo)) % 1000007
    return memo[n]
""",
    ),
    row(
        "stairs_table",
        "O(n)",
        "O(n)",
        "dp",
        NUMBER,
        """
def climb(n):
    ways = [0] * (n + 3)
    ways[0] = 1
    for step in range(1, n + 1):
        for jump in (1, 2, 3):
            if step >= jump:
                ways[step] = (ways[step] + ways[step - jump]) % 1000000007
    return ways[n]
""",
    ),
    row(
        "house_robber",
        "O(n)",
        "O(1)",
        "dp",
        INTS,
        """
def max_loot(houses):
    take, skip = 0, 0
    for money in houses:
        take, skip = skip + money, max(take, skip)
    return max(take, skip)
""",
    ),
    row(
        "recursive_sum_index",
        "O(n)",
        "O(n)",
        "recursion",
        "lambda n, rng: ([rng.randrange(100) for _ in range(n)],)",
        """
import sys

sys.setrecursionlimit(10**7)


def total(values, i=0):
    if i == len(values):
        return 0
    return values[i] + total(values, i + 1)
""",
    ),
    row(
        "tree_recursion_halves",
        "O(n)",
        "O(log n)",
        "recursion divide-conquer",
        INTS,
        """
def maximum(xs):
    def go(lo, hi):
        if hi - lo == 1:
            return xs[lo]
        mid = (lo + hi) // 2
        return max(go(lo, mid), go(mid, hi))

    return go(0, len(xs))
""",
    ),
    row(
        "linked_list_reverse",
        "O(n)",
        "O(1)",
        "linked-list",
        CHAIN,
        """
def reverse(node):
    previous = None
    while node is not None:
        following = node[1]
        node[1] = previous
        previous, node = node, following
    return previous
""",
    ),
    row(
        "linked_list_class",
        "O(n)",
        "O(n)",
        "linked-list class",
        INTS,
        """
class Node:
    def __init__(self, value, next=None):
        self.value = value
        self.next = next


def middle_value(values):
    head = None
    for v in reversed(values):
        head = Node(v, head)
    slow = fast = head
    while fast and fast.next:
        slow = slow.next
        fast = fast.next.next
    return slow.value
""",
    ),
    row(
        "tree_depths",
        "O(n)",
        "O(n)",
        "graph bfs trees",
        TREE_EDGES,
        """
from collections import deque


def depths(n, edges):
    children = [[] for _ in range(n)]
    for parent, child in edges:
        children[parent].append(child)
    depth = [0] * n
    queue = deque([0])
    while queue:
        node = queue.popleft()
        for child in children[node]:
            depth[child] = depth[node] + 1
            queue.append(child)
    return max(depth)
""",
    ),
    row(
        "subtree_sizes",
        "O(n)",
        "O(n)",
        "graph trees",
        TREE_EDGES,
        """
def subtree_sizes(n, edges):
    parent = [-1] * n
    for p, c in edges:
        parent[c] = p
    size = [1] * n
    for v in range(n - 1, 0, -1):
        size[parent[v]] += size[v]
    return size
""",
    ),
    row(
        "permutation_cycles",
        "O(n)",
        "O(n)",
        "nested-linear",
        "lambda n, rng: (rng.sample(range(n), n),)",
        """
def count_cycles(permutation):
    visited = [False] * len(permutation)
    cycles = 0
    for start in range(len(permutation)):
        if visited[start]:
            continue
        cycles += 1
        node = start
        while not visited[node]:
            visited[node] = True
            node = permutation[node]
    return cycles
""",
    ),
    row(
        "longest_consecutive",
        "O(n)",
        "O(n)",
        "set nested-linear",
        "lambda n, rng: (rng.sample(range(n), n),)",
        """
def longest_run(nums):
    present = set(nums)
    longest = 0
    for num in present:
        if num - 1 not in present:
            end = num
            while end + 1 in present:
                end += 1
            longest = max(longest, end - num + 1)
    return longest
""",
    ),
    row(
        "prefix_sums_product",
        "O(n)",
        "O(n)",
        "itertools c-hidden",
        SIGNED,
        """
from itertools import accumulate


def best_split(values):
    sums = list(accumulate(values))
    whole = sums[-1]
    return min(range(len(sums)), key=lambda i: abs(2 * sums[i] - whole))
""",
    ),
    row(
        "counting_sort_bytes",
        "O(n)",
        "O(n)",
        "sort",
        "lambda n, rng: ([rng.randrange(256) for _ in range(n)],)",
        """
def counting_sort(pixels):
    buckets = [0] * 256
    for p in pixels:
        buckets[p] += 1
    result = []
    for value, amount in enumerate(buckets):
        result.extend([value] * amount)
    return result
""",
    ),
    row(
        "bool_early_exit_never",
        "O(n)",
        "O(1)",
        "early-exit c-hidden",
        "lambda n, rng: ([2 * rng.randrange(1000) for _ in range(n)],)",
        """
def any_odd(numbers):
    return any(number % 2 for number in numbers)
""",
    ),
    row(
        "index_of_last",
        "O(n)",
        "O(1)",
        "c-hidden lists",
        "lambda n, rng: (list(range(n)), n - 1)",
        """
def position(items, item):
    try:
        return items.index(item)
    except ValueError:
        return -1
""",
    ),
    row(
        "join_numbers",
        "O(n)",
        "O(n)",
        "strings c-hidden",
        "lambda n, rng: ([rng.randrange(100, 1000) for _ in range(n)],)",
        """
def render(values):
    return "[" + ", ".join(map(str, values)) + "]"
""",
    ),
    row(
        "caesar_translate",
        "O(n)",
        "O(n)",
        "strings c-hidden",
        LETTERS,
        """
def caesar(text, shift=3):
    letters = "abcdefghijklmnopqrstuvwxyz"
    table = str.maketrans(letters, letters[shift:] + letters[:shift])
    return text.translate(table)
""",
    ),
    row(
        "hamming_zip",
        "O(n)",
        "O(1)",
        "strings",
        "lambda n, rng: ('a' * n, 'b' * n)",
        """
def hamming(a, b):
    return sum(x != y for x, y in zip(a, b))
""",
    ),
    row(
        "anagram_counts",
        "O(n)",
        "O(1)",
        "strings",
        "lambda n, rng: ('ab' * n, 'ba' * n)",
        """
def is_anagram(s: str, t: str) -> bool:
    if len(s) != len(t):
        return False
    count = [0] * 26
    for ch in s:
        count[ord(ch) - ord("a")] += 1
    for ch in t:
        count[ord(ch) - ord("a")] -= 1
    return all(c == 0 for c in count)
""",
    ),
    row(
        "diagonal_walk",
        "O(n)",
        "O(1)",
        "matrix",
        MATRIX,
        """
def trace(matrix):
    return sum(matrix[i][i] for i in range(len(matrix)))
""",
    ),
    row(
        "staircase_search",
        "O(n)",
        "O(1)",
        "matrix two-pointers",
        "lambda n, rng: ([[2 * (i + j) for j in range(n)] for i in range(n)], 2 * n - 1)",
        """
def search_sorted_matrix(grid, target):
    r, c = 0, len(grid[0]) - 1
    while r < len(grid) and c >= 0:
        if grid[r][c] == target:
            return True
        if grid[r][c] > target:
            c -= 1
        else:
            r += 1
    return False
""",
    ),
    row(
        "merged_length_sorted",
        "O(n)",
        "O(1)",
        "intervals",
        "lambda n, rng: ([(3 * i, 3 * i + rng.randrange(1, 6)) for i in range(n)],)",
        '''
def covered_length(intervals):
    """Total length of the union; `intervals` come sorted by their start."""
    covered = 0
    end = float("-inf")
    for a, b in intervals:
        if a > end:
            covered += b - a
            end = b
        elif b > end:
            covered += b - end
            end = b
    return covered
''',
    ),
    row(
        "two_stack_queue",
        "O(n)",
        "O(n)",
        "class stack amortised nested-linear",
        INTS,
        """
class Queue:
    def __init__(self):
        self.inbox, self.outbox = [], []

    def put(self, item):
        self.inbox.append(item)

    def get(self):
        if not self.outbox:
            while self.inbox:
                self.outbox.append(self.inbox.pop())
        return self.outbox.pop()


def drain(items):
    queue = Queue()
    for item in items:
        queue.put(item)
    checksum = 0
    for _ in items:
        checksum = (checksum * 31 + queue.get()) % 65521
    return checksum
""",
    ),
    row(
        "lru_simulation",
        "O(n)",
        "O(1)",
        "class lru collections",
        INTS,
        """
from collections import OrderedDict


class LRUCache:
    def __init__(self, capacity: int):
        self.capacity = capacity
        self.store = OrderedDict()

    def get(self, key):
        if key not in self.store:
            return None
        self.store.move_to_end(key)
        return self.store[key]

    def put(self, key, value):
        self.store[key] = value
        self.store.move_to_end(key)
        if len(self.store) > self.capacity:
            self.store.popitem(last=False)


def hit_count(requests):
    cache = LRUCache(16)
    hits = 0
    for page in requests:
        if cache.get(page) is not None:
            hits += 1
        else:
            cache.put(page, True)
    return hits
""",
    ),
    row(
        "rate_limiter",
        "O(n)",
        "O(1)",
        "class web collections nested-linear",
        "lambda n, rng: (list(range(n)),)",
        """
from collections import deque


class RateLimiter:
    def __init__(self, limit=5, period=10):
        self.limit = limit
        self.period = period
        self.hits = deque()

    def allow(self, now):
        while self.hits and self.hits[0] <= now - self.period:
            self.hits.popleft()
        if len(self.hits) < self.limit:
            self.hits.append(now)
            return True
        return False


def accepted(timestamps):
    limiter = RateLimiter()
    return sum(1 for t in timestamps if limiter.allow(t))
""",
    ),
    row(
        "trie_of_words",
        "O(n)",
        "O(n)",
        "trie class",
        WORDS,
        """
class Trie:
    def __init__(self):
        self.root = {}

    def insert(self, word):
        node = self.root
        for letter in word:
            node = node.setdefault(letter, {})
        node["$"] = True

    def __contains__(self, word):
        node = self.root
        for letter in word:
            if letter not in node:
                return False
            node = node[letter]
        return "$" in node


def check_all(words):
    trie = Trie()
    for word in words:
        trie.insert(word)
    return all(word in trie for word in words)
""",
    ),
    row(
        "xor_reduce",
        "O(n)",
        "O(1)",
        "functools c-hidden",
        INTS,
        """
from functools import reduce
from operator import xor


def lonely_number(numbers):
    return reduce(xor, numbers, 0)
""",
    ),
    row(
        "deepcopy_flat",
        "O(n)",
        "O(n)",
        "copy c-hidden",
        INTS,
        """
import copy


def snapshot(state):
    backup = copy.deepcopy(state)
    backup[0] = -1
    return backup
""",
    ),
    row(
        "mean_and_variance",
        "O(n)",
        "O(1)",
        "math",
        INTS,
        """
def describe(xs):
    mean = sum(xs) / len(xs)
    variance = sum((x - mean) ** 2 for x in xs) / len(xs)
    return mean, variance ** 0.5
""",
    ),
    row(
        "reservoir",
        "O(n)",
        "O(1)",
        "random",
        INTS,
        """
import random


def sample_stream(stream, k=10, seed=1):
    rng = random.Random(seed)
    chosen = []
    for i, item in enumerate(stream):
        if i < k:
            chosen.append(item)
        else:
            j = rng.randint(0, i)
            if j < k:
                chosen[j] = item
    return chosen
""",
    ),
    row(
        "interval_overlap_sweep",
        "O(n)",
        "O(n)",
        "intervals buckets",
        "lambda n, rng: ([(i, min(n, i + 1 + rng.randrange(9))) for i in range(n)], n)",
        """
def busiest_minute(bookings, minutes):
    delta = [0] * (minutes + 1)
    for start, end in bookings:
        delta[start] += 1
        delta[end] -= 1
    busy = best = 0
    for change in delta:
        busy += change
        best = max(best, busy)
    return best
""",
    ),
    row(
        "gas_station",
        "O(n)",
        "O(1)",
        "greedy",
        "lambda n, rng: ([1] * n, [1] * n)",
        """
def starting_station(gas, cost):
    if sum(gas) < sum(cost):
        return -1
    tank = start = 0
    for i in range(len(gas)):
        tank += gas[i] - cost[i]
        if tank < 0:
            start, tank = i + 1, 0
    return start
""",
    ),
    row(
        "find_substring_missing",
        "O(n)",
        "O(1)",
        "strings c-hidden",
        "lambda n, rng: ('ab' * n,)",
        """
def has_marker(document):
    return document.find("zq") >= 0 or "<!>" in document
""",
    ),
]
