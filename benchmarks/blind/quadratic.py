"""O(n^2) and O(n^2 log n)."""

from benchmarks.blind.rows import (
    DISTINCT,
    INTERVALS,
    INTS,
    LETTERS,
    MATRIX,
    NUMBER,
    POINTS,
    SAME_LETTER,
    Row,
    row,
)

DENSE = (
    "lambda n, rng: ([[0 if i == j else rng.randrange(1, 100) for j in range(n)]"
    " for i in range(n)],)"
)

ROWS: list[Row] = [
    row(
        "bubble_sort_swaps",
        "O(n^2)",
        "O(1)",
        "sort in-place",
        "lambda n, rng: (list(range(n, 0, -1)),)",
        """
def bubble_sort(arr):
    n = len(arr)
    for i in range(n):
        swapped = False
        for j in range(n - 1 - i):
            if arr[j] > arr[j + 1]:
                arr[j], arr[j + 1] = arr[j + 1], arr[j]
                swapped = True
        if not swapped:
            break
    return arr
""",
    ),
    row(
        "insertion_sort",
        "O(n^2)",
        "O(1)",
        "sort in-place",
        INTS,
        """
def insertion_sort(cards):
    for i in range(1, len(cards)):
        card = cards[i]
        j = i - 1
        while j >= 0 and cards[j] > card:
            cards[j + 1] = cards[j]
            j -= 1
        cards[j + 1] = card
    return cards
""",
    ),
    row(
        "selection_sort_min",
        "O(n^2)",
        "O(n)",
        "sort c-hidden accidental",
        DISTINCT,
        """
def selection_sort(values):
    remaining = list(values)
    result = []
    while remaining:
        smallest = min(remaining)
        remaining.remove(smallest)
        result.append(smallest)
    return result
""",
    ),
    row(
        "dedupe_list_membership",
        "O(n^2)",
        "O(n)",
        "accidental c-hidden",
        DISTINCT,
        """
def unique_in_order(items):
    seen = []
    for item in items:
        if item in seen:
            continue
        seen.append(item)
    return seen
""",
    ),
    row(
        "common_via_list_of_set",
        "O(n^2)",
        "O(n)",
        "accidental c-hidden",
        "lambda n, rng: (list(range(n)), list(range(n, 2 * n)))",
        """
def shared_ids(first, second):
    shared = []
    for x in first:
        if x in list(set(second)):
            shared.append(x)
    return shared
""",
    ),
    row(
        "prepend_insert",
        "O(n^2)",
        "O(n)",
        "accidental c-hidden",
        INTS,
        """
def newest_first(events):
    feed = []
    for event in events:
        feed.insert(0, event)
    return feed
""",
    ),
    row(
        "bfs_list_queue",
        "O(n^2)",
        "O(n)",
        "accidental graph c-hidden",
        "lambda n, rng: ({0: list(range(1, n)), **{i: [] for i in range(1, n)}},)",
        """
def reachable(graph):
    queue = [0]
    seen = {0}
    while queue:
        node = queue.pop(0)
        for other in graph[node]:
            if other not in seen:
                seen.add(other)
                queue.append(other)
    return len(seen)
""",
    ),
    row(
        "remove_in_loop",
        "O(n^2)",
        "O(n)",
        "accidental c-hidden",
        "lambda n, rng: (list(range(n)),)",
        """
def josephus_order(people):
    people = people[:]
    order = []
    while people:
        last = people[-1]
        people.remove(last)
        order.append(last)
    return order
""",
    ),
    row(
        "suffix_slices",
        "O(n^2)",
        "O(n)",
        "strings slice accidental",
        SAME_LETTER,
        """
def count_suffix_palindromes(s):
    count = 0
    for i in range(len(s)):
        suffix = s[i:]
        if suffix == suffix[::-1]:
            count += 1
    return count
""",
    ),
    row(
        "all_prefixes",
        "O(n^2)",
        "O(n^2)",
        "strings slice",
        LETTERS,
        """
def prefixes(word):
    return [word[:i] for i in range(1, len(word) + 1)]
""",
    ),
    row(
        "string_reverse_concat",
        "O(n^2)",
        "O(n)",
        "strings accidental c-hidden",
        LETTERS,
        """
def reverse_words_slow(text):
    result = ""
    for ch in text:
        result = ch + result
    return result
""",
    ),
    row(
        "recursive_reverse_slice",
        "O(n^2)",
        "O(n^2)",
        "strings recursion slice accidental",
        LETTERS,
        """
import sys

sys.setrecursionlimit(1 << 20)


def reverse(s):
    if len(s) <= 1:
        return s
    return reverse(s[1:]) + s[0]
""",
    ),
    row(
        "list_plus_in_loop",
        "O(n^2)",
        "O(n)",
        "accidental c-hidden",
        INTS,
        """
def squares(values):
    out = []
    for v in values:
        out = out + [v * v]
    return out
""",
    ),
    row(
        "tuple_accumulate",
        "O(n^2)",
        "O(n)",
        "accidental c-hidden functools",
        INTS,
        """
from functools import reduce


def evens(values):
    return reduce(lambda acc, v: acc + (2 * v,), values, ())
""",
    ),
    row(
        "sum_of_lists",
        "O(n^2)",
        "O(n)",
        "accidental c-hidden",
        "lambda n, rng: ([[i] for i in range(n)],)",
        """
def flatten(nested):
    return sum(nested, [])
""",
    ),
    row(
        "pair_differences",
        "O(n^2)",
        "O(1)",
        "nested",
        INTS,
        """
def count_close_pairs(readings, tolerance=5):
    close = 0
    for i in range(len(readings)):
        for j in range(i + 1, len(readings)):
            if abs(readings[i] - readings[j]) <= tolerance:
                close += 1
    return close
""",
    ),
    row(
        "combinations_pairs",
        "O(n^2)",
        "O(n)",
        "itertools geometry",
        POINTS,
        """
from itertools import combinations


def farthest(points):
    best = 0
    for (x1, y1), (x2, y2) in combinations(points, 2):
        best = max(best, (x1 - x2) ** 2 + (y1 - y2) ** 2)
    return best
""",
    ),
    row(
        "three_sum_sorted",
        "O(n^2)",
        "O(n)",
        "two-pointers sort",
        "lambda n, rng: ([2 * rng.randrange(-5 * n, 5 * n) + 1 for _ in range(n)],)",
        """
def has_zero_triple(nums):
    nums = sorted(nums)
    for i in range(len(nums) - 2):
        lo, hi = i + 1, len(nums) - 1
        while lo < hi:
            s = nums[i] + nums[lo] + nums[hi]
            if s == 0:
                return True
            if s < 0:
                lo += 1
            else:
                hi -= 1
    return False
""",
    ),
    row(
        "lis_dp",
        "O(n^2)",
        "O(n)",
        "dp",
        INTS,
        """
def longest_increasing(nums):
    if not nums:
        return 0
    length = [1] * len(nums)
    for i in range(len(nums)):
        for j in range(i):
            if nums[j] < nums[i] and length[j] + 1 > length[i]:
                length[i] = length[j] + 1
    return max(length)
""",
    ),
    row(
        "lcs_table",
        "O(n^2)",
        "O(n^2)",
        "dp strings",
        "lambda n, rng: (''.join(rng.choice('abc') for _ in range(n)),"
        " ''.join(rng.choice('abc') for _ in range(n)))",
        """
def lcs(a: str, b: str) -> int:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            if a[i - 1] == b[j - 1]:
                table[i][j] = table[i - 1][j - 1] + 1
            else:
                table[i][j] = max(table[i - 1][j], table[i][j - 1])
    return table[-1][-1]
""",
    ),
    row(
        "edit_distance_lru",
        "O(n^2)",
        "O(n^2)",
        "dp memo recursion strings functools",
        "lambda n, rng: ('a' * n, 'b' * n)",
        """
import sys
from functools import lru_cache

sys.setrecursionlimit(1 << 20)


def edit_distance(a, b):
    @lru_cache(maxsize=None)
    def dist(i, j):
        if i == 0 or j == 0:
            return i + j
        if a[i - 1] == b[j - 1]:
            return dist(i - 1, j - 1)
        return 1 + min(dist(i - 1, j), dist(i, j - 1), dist(i - 1, j - 1))

    return dist(len(a), len(b))
""",
    ),
    row(
        "buffer_attribute_concat",
        "O(n^2)",
        "O(n)",
        "strings class accidental c-hidden",
        LETTERS,
        """
class Buffer:
    def __init__(self):
        self.text = ""

    def write(self, piece):
        self.text += piece


def escape(source):
    buffer = Buffer()
    for ch in source:
        buffer.write("*" if ch == "a" else ch)
    return buffer.text
""",
    ),
    row(
        "longest_palindrome_centres",
        "O(n^2)",
        "",
        "strings",
        SAME_LETTER,
        """
def longest_palindrome(s):
    best_start = best_len = 0
    for centre in range(len(s)):
        for left, right in ((centre, centre), (centre, centre + 1)):
            while left >= 0 and right < len(s) and s[left] == s[right]:
                left -= 1
                right += 1
            if right - left - 1 > best_len:
                best_start, best_len = left + 1, right - left - 1
    return s[best_start:best_start + best_len]
""",
    ),
    row(
        "naive_search_half",
        "O(n^2)",
        "O(1)",
        "strings",
        "lambda n, rng: ('a' * (2 * n), 'a' * n + 'b')",
        """
def find_all(text, pattern):
    hits = 0
    for i in range(len(text) - len(pattern) + 1):
        k = 0
        while k < len(pattern) and text[i + k] == pattern[k]:
            k += 1
        if k == len(pattern):
            hits += 1
    return hits
""",
    ),
    row(
        "pascal_rows_mod",
        "O(n^2)",
        "O(n)",
        "dp numbers",
        NUMBER,
        """
def pascal_row(n):
    row = [1]
    for _ in range(n):
        row = [1] + [(a + b) % 1009 for a, b in zip(row, row[1:])] + [1]
    return row
""",
    ),
    row(
        "pascal_triangle_mod",
        "O(n^2)",
        "O(n^2)",
        "dp numbers",
        NUMBER,
        """
def triangle(rows):
    result = []
    for r in range(rows):
        line = [1] * (r + 1)
        for c in range(1, r):
            line[c] = (result[r - 1][c - 1] + result[r - 1][c]) % 1000
        result.append(line)
    return result
""",
    ),
    row(
        "transpose_copy",
        "O(n^2)",
        "O(n^2)",
        "matrix c-hidden",
        MATRIX,
        """
def transpose(matrix):
    return [list(column) for column in zip(*matrix)]
""",
    ),
    row(
        "rotate_in_place",
        "O(n^2)",
        "O(1)",
        "matrix in-place",
        MATRIX,
        """
def rotate(image):
    n = len(image)
    for layer in range(n // 2):
        last = n - 1 - layer
        for i in range(layer, last):
            offset = i - layer
            top = image[layer][i]
            image[layer][i] = image[last - offset][layer]
            image[last - offset][layer] = image[last][last - offset]
            image[last][last - offset] = image[i][last]
            image[i][last] = top
""",
    ),
    row(
        "spiral_order",
        "O(n^2)",
        "O(n^2)",
        "matrix",
        MATRIX,
        """
def spiral(matrix):
    out = []
    top, left = 0, 0
    bottom, right = len(matrix) - 1, len(matrix[0]) - 1
    while top <= bottom and left <= right:
        for c in range(left, right + 1):
            out.append(matrix[top][c])
        top += 1
        for r in range(top, bottom + 1):
            out.append(matrix[r][right])
        right -= 1
        if top <= bottom:
            for c in range(right, left - 1, -1):
                out.append(matrix[bottom][c])
            bottom -= 1
        if left <= right:
            for r in range(bottom, top - 1, -1):
                out.append(matrix[r][left])
            left += 1
    return out
""",
    ),
    row(
        "island_count",
        "O(n^2)",
        "O(n^2)",
        "graph grid dfs",
        "lambda n, rng: ([[1] * n for _ in range(n)],)",
        """
def count_islands(grid):
    rows, cols = len(grid), len(grid[0])
    seen = set()
    islands = 0
    for r in range(rows):
        for c in range(cols):
            if not grid[r][c] or (r, c) in seen:
                continue
            islands += 1
            stack = [(r, c)]
            seen.add((r, c))
            while stack:
                y, x = stack.pop()
                for ny, nx in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                    if 0 <= ny < rows and 0 <= nx < cols and grid[ny][nx]:
                        if (ny, nx) not in seen:
                            seen.add((ny, nx))
                            stack.append((ny, nx))
    return islands
""",
    ),
    row(
        "prim_dense",
        "O(n^2)",
        "O(n)",
        "graph",
        DENSE,
        """
def minimum_spanning_tree(distances):
    n = len(distances)
    best = distances[0][:]
    joined = [False] * n
    joined[0] = True
    total = 0
    for _ in range(n - 1):
        nxt = -1
        for v in range(n):
            if not joined[v] and (nxt == -1 or best[v] < best[nxt]):
                nxt = v
        joined[nxt] = True
        total += best[nxt]
        for v in range(n):
            if distances[nxt][v] < best[v]:
                best[v] = distances[nxt][v]
    return total
""",
    ),
    row(
        "interval_conflicts",
        "O(n^2)",
        "O(n)",
        "intervals nested",
        INTERVALS,
        """
def conflicts(bookings):
    return sum(
        1
        for i, (a, b) in enumerate(bookings)
        for c, d in bookings[i + 1:]
        if a < d and c < b
    )
""",
    ),
    row(
        "nested_loop_self_join",
        "O(n^2)",
        "O(n)",
        "data nested",
        "lambda n, rng: ([{'id': i, 'manager': max(0, i - 1)} for i in range(n)],)",
        """
def with_managers(staff):
    joined = []
    for person in staff:
        for other in staff:
            if other["id"] == person["manager"]:
                joined.append((person["id"], other["id"]))
    return joined
""",
    ),
    row(
        "mode_by_count",
        "O(n^2)",
        "O(n)",
        "accidental c-hidden",
        DISTINCT,
        """
def mode(values):
    return max(set(values), key=values.count)
""",
    ),
    row(
        "word_index_lookup",
        "O(n^2)",
        "O(n)",
        "accidental c-hidden",
        DISTINCT,
        """
def label_encode(values):
    vocabulary = sorted(set(values))
    return [vocabulary.index(v) for v in values]
""",
    ),
    row(
        "prefix_average_slices",
        "O(n^2)",
        "O(n)",
        "slice accidental",
        INTS,
        """
def prefix_averages(data):
    return [sum(data[: i + 1]) / (i + 1) for i in range(len(data))]
""",
    ),
    row(
        "queue_pop_zero",
        "O(n^2)",
        "O(n)",
        "accidental c-hidden class",
        INTS,
        """
class Printer:
    def __init__(self, jobs):
        self.jobs = list(jobs)
        self.printed = 0

    def step(self):
        pages = self.jobs.pop(0)
        self.printed += pages


def run_printer(jobs):
    printer = Printer(jobs)
    while printer.jobs:
        printer.step()
    return printer.printed
""",
    ),
    row(
        "coin_ways_all",
        "O(n^2)",
        "O(n)",
        "dp",
        NUMBER,
        '''
def partitions(n):
    """Number of integer partitions of n, modulo a prime."""
    ways = [1] + [0] * n
    for part in range(1, n + 1):
        for total in range(part, n + 1):
            ways[total] = (ways[total] + ways[total - part]) % 998244353
    return ways[n]
''',
    ),
    row(
        "big_factorial_digits",
        "O(n^2)",
        "O(n)",
        "bigint c-hidden numbers",
        NUMBER,
        """
def power_table_digits(n):
    value = 1
    for _ in range(n):
        value *= 10**18 + 9
    return value
""",
    ),
    row(
        "fib_exact_additions",
        "O(n^2)",
        "O(n)",
        "bigint fibonacci c-hidden",
        NUMBER,
        """
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
""",
    ),
    row(
        "regex_backtrack_pairs",
        "O(n^2)",
        "",
        "re c-hidden",
        SAME_LETTER,
        """
import re


def unterminated(text):
    return re.search(r"a+b", text) is None
""",
    ),
    row(
        "game_of_life_step",
        "O(n^2)",
        "O(n^2)",
        "grid",
        "lambda n, rng: ([[rng.randrange(2) for _ in range(n)] for _ in range(n)],)",
        """
def step(board):
    size = len(board)

    def alive_around(r, c):
        total = 0
        for dr in (-1, 0, 1):
            for dc in (-1, 0, 1):
                if dr or dc:
                    total += board[(r + dr) % size][(c + dc) % size]
        return total

    return [
        [int(alive_around(r, c) in ((2, 3) if board[r][c] else (3,))) for c in range(size)]
        for r in range(size)
    ]
""",
    ),
    row(
        "triangular_prints",
        "O(n^2)",
        "O(n^2)",
        "strings",
        NUMBER,
        """
def staircase(height):
    lines = []
    for level in range(1, height + 1):
        lines.append(" " * (height - level) + "#" * level)
    return "\\n".join(lines)
""",
    ),
    # -------------------------------------------------------------- O(n^2 log n)
    row(
        "sort_every_row",
        "O(n^2 log n)",
        "O(n^2)",
        "matrix sort c-hidden",
        MATRIX,
        """
def sort_rows(table):
    return [sorted(line) for line in table]
""",
    ),
    row(
        "sort_flattened",
        "O(n^2 log n)",
        "O(n^2)",
        "matrix sort c-hidden",
        "lambda n, rng: ([[rng.randrange(n * n) for _ in range(n)] for _ in range(n)],)",
        """
def kth_in_matrix(matrix, k=0):
    flat = [cell for line in matrix for cell in line]
    flat.sort()
    return flat[k]
""",
    ),
    row(
        "resort_in_loop",
        "O(n^2 log n)",
        "O(n)",
        "sort accidental c-hidden",
        INTS,
        """
def medians_after_rotation(values):
    result = []
    for shift in range(len(values)):
        rotated = [(v * 7919 + shift * 104729) % 1000003 for v in values]
        result.append(sorted(rotated)[len(rotated) // 2])
    return result
""",
    ),
    row(
        "three_sum_bisect",
        "O(n^2 log n)",
        "O(1)",
        "bisect c-hidden search",
        "lambda n, rng: (sorted(2 * rng.randrange(10 * n) + 1 for _ in range(n)),)",
        """
from bisect import bisect_left


def triples_to_zero(nums):
    count = 0
    for i in range(len(nums)):
        for j in range(i + 1, len(nums)):
            third = nums[i] + nums[j]
            at = bisect_left(nums, third)
            if at < len(nums) and nums[at] == third:
                count += 1
    return count
""",
    ),
    row(
        "all_pairs_distance_sort",
        "O(n^2 log n)",
        "O(n^2)",
        "geometry sort itertools",
        POINTS,
        """
from itertools import combinations


def distances_sorted(points):
    squared = [
        (ax - bx) ** 2 + (ay - by) ** 2 for (ax, ay), (bx, by) in combinations(points, 2)
    ]
    squared.sort()
    return squared
""",
    ),
    row(
        "pairs_with_halving",
        "O(n^2 log n)",
        "O(1)",
        "nested halving",
        NUMBER,
        """
def weight(n):
    total = 0
    for i in range(n):
        for j in range(n):
            k = n
            while k > 1:
                k //= 2
                total += (i ^ j) & 1
    return total
""",
    ),
    row(
        "heap_all_pair_sums",
        "O(n^2 log n)",
        "O(n^2)",
        "heapq",
        DISTINCT,
        """
import heapq


def pair_sums_in_order(values):
    heap = []
    for a in values:
        for b in values:
            heapq.heappush(heap, a * 31 + b * 17)
    ordered = []
    while heap:
        ordered.append(heapq.heappop(heap))
    return ordered
""",
    ),
    row(
        "collinear_by_angle",
        "O(n^2 log n)",
        "O(n)",
        "geometry sort",
        POINTS,
        """
import math


def max_points_seen(points):
    best = 0
    for px, py in points:
        angles = sorted(math.atan2(y - py, x - px) for x, y in points)
        run = 1
        for a, b in zip(angles, angles[1:]):
            run = run + 1 if a == b else 1
            best = max(best, run)
    return best
""",
    ),
    row(
        "power_per_cell",
        "O(n^2 log n)",
        "O(n)",
        "numbers helper matrix",
        NUMBER,
        """
MOD = 1000003


def fast_power(base, exp):
    result = 1
    while exp > 0:
        if exp % 2:
            result = result * base % MOD
        base = base * base % MOD
        exp //= 2
    return result


def row_sums(n):
    sums = []
    for base in range(1, n + 1):
        sums.append(sum(fast_power(base, n + k) for k in range(n)))
    return sums
""",
    ),
    row(
        "kruskal_dense",
        "O(n^2 log n)",
        "O(n^2)",
        "graph union-find sort",
        "lambda n, rng: ([[rng.randrange(n * n) for _ in range(n)] for _ in range(n)],)",
        """
def spanning_cost(matrix):
    n = len(matrix)
    edges = sorted((matrix[i][j], i, j) for i in range(n) for j in range(i))
    root = list(range(n))

    def find(v):
        if root[v] != v:
            root[v] = find(root[v])
        return root[v]

    cost = 0
    for w, i, j in edges:
        a, b = find(i), find(j)
        if a != b:
            root[a] = b
            cost += w
    return cost
""",
    ),
]
