"""O(n log n): sorting, heaps, a search per element, halving, harmonic sums."""

from benchmarks.blind.rows import (
    DISTINCT,
    INTERVALS,
    INTS,
    NUMBER,
    POINTS,
    SORTED,
    WORDS,
    Row,
    row,
)

SPARSE_GRAPH = (
    "lambda n, rng: (n, [(rng.randrange(n), rng.randrange(n), rng.randrange(1, 100))"
    " for _ in range(4 * n)])"
)

ROWS: list[Row] = [
    row(
        "sort_records",
        "O(n log n)",
        "O(n)",
        "sort c-hidden data",
        "lambda n, rng: ([{'name': 'p%d' % i, 'age': rng.randrange(10 * n)} for i in range(n)],)",
        """
def oldest_first(people):
    return sorted(people, key=lambda person: person["age"], reverse=True)
""",
    ),
    row(
        "in_place_sort_median",
        "O(n log n)",
        "",
        "sort c-hidden",
        INTS,
        """
def median(values):
    values.sort()
    n = len(values)
    if n % 2:
        return values[n // 2]
    return (values[n // 2 - 1] + values[n // 2]) / 2
""",
    ),
    row(
        "statistics_median",
        "O(n log n)",
        "O(n)",
        "statistics c-hidden",
        INTS,
        """
import statistics


def spread_from_median(samples):
    centre = statistics.median(samples)
    return max(abs(s - centre) for s in samples)
""",
    ),
    row(
        "merge_sort_top_down",
        "O(n log n)",
        "O(n)",
        "sort recursion divide-conquer",
        INTS,
        """
def merge_sort(items):
    if len(items) <= 1:
        return items[:]
    mid = len(items) // 2
    left = merge_sort(items[:mid])
    right = merge_sort(items[mid:])
    result = []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            result.append(left[i])
            i += 1
        else:
            result.append(right[j])
            j += 1
    result.extend(left[i:])
    result.extend(right[j:])
    return result
""",
    ),
    row(
        "merge_sort_bottom_up",
        "O(n log n)",
        "O(n)",
        "sort doubling",
        INTS,
        """
def sort_bottom_up(data):
    data = list(data)
    n = len(data)
    width = 1
    while width < n:
        merged = []
        for start in range(0, n, 2 * width):
            a, b = start, min(start + width, n)
            mid, end = b, min(start + 2 * width, n)
            while a < mid or b < end:
                if b >= end or (a < mid and data[a] <= data[b]):
                    merged.append(data[a])
                    a += 1
                else:
                    merged.append(data[b])
                    b += 1
        data = merged
        width *= 2
    return data
""",
    ),
    row(
        "heap_sort_manual",
        "O(n log n)",
        "O(1)",
        "sort heap in-place",
        INTS,
        """
def heap_sort(a):
    def sift_down(root, end):
        while True:
            child = 2 * root + 1
            if child > end:
                return
            if child + 1 <= end and a[child] < a[child + 1]:
                child += 1
            if a[root] >= a[child]:
                return
            a[root], a[child] = a[child], a[root]
            root = child

    n = len(a)
    for start in range(n // 2 - 1, -1, -1):
        sift_down(start, n - 1)
    for end in range(n - 1, 0, -1):
        a[0], a[end] = a[end], a[0]
        sift_down(0, end - 1)
    return a
""",
    ),
    row(
        "inversions",
        "O(n log n)",
        "O(n)",
        "divide-conquer recursion",
        INTS,
        '''
def count_inversions(seq):
    """Number of pairs i < j with seq[i] > seq[j]."""

    def sort_count(part):
        if len(part) < 2:
            return part, 0
        half = len(part) // 2
        left, a = sort_count(part[:half])
        right, b = sort_count(part[half:])
        out, i, j, crossed = [], 0, 0, 0
        while i < len(left) and j < len(right):
            if left[i] <= right[j]:
                out.append(left[i])
                i += 1
            else:
                out.append(right[j])
                crossed += len(left) - i
                j += 1
        return out + left[i:] + right[j:], a + b + crossed

    return sort_count(list(seq))[1]
''',
    ),
    row(
        "merge_intervals",
        "O(n log n)",
        "O(n)",
        "intervals sort",
        INTERVALS,
        """
def merge(intervals):
    merged = []
    for start, end in sorted(intervals):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
""",
    ),
    row(
        "meeting_rooms_heap",
        "O(n log n)",
        "O(n)",
        "intervals heapq",
        "lambda n, rng: ([(rng.randrange(n), 2 * n + rng.randrange(n)) for _ in range(n)],)",
        """
import heapq


def rooms_needed(meetings):
    if not meetings:
        return 0
    meetings = sorted(meetings, key=lambda m: m[0])
    ends = []
    for start, end in meetings:
        if ends and ends[0] <= start:
            heapq.heapreplace(ends, end)
        else:
            heapq.heappush(ends, end)
    return len(ends)
""",
    ),
    row(
        "interval_scheduling",
        "O(n log n)",
        "O(n)",
        "intervals greedy sort",
        INTERVALS,
        """
def max_non_overlapping(intervals):
    count, free_from = 0, float("-inf")
    for start, end in sorted(intervals, key=lambda iv: iv[1]):
        if start >= free_from:
            count += 1
            free_from = end
    return count
""",
    ),
    row(
        "lis_patience",
        "O(n log n)",
        "O(n)",
        "bisect dp c-hidden",
        "lambda n, rng: (list(range(n)),)",
        """
from bisect import bisect_left


def lis_length(nums: list[int]) -> int:
    tails = []
    for num in nums:
        place = bisect_left(tails, num)
        if place == len(tails):
            tails.append(num)
        else:
            tails[place] = num
    return len(tails)
""",
    ),
    row(
        "closest_gap",
        "O(n log n)",
        "O(n)",
        "sort",
        DISTINCT,
        """
def smallest_difference(values):
    ordered = sorted(values)
    return min((b - a for a, b in zip(ordered, ordered[1:])), default=0)
""",
    ),
    row(
        "convex_hull",
        "O(n log n)",
        "O(n)",
        "geometry sort nested-linear",
        POINTS,
        """
def convex_hull(points):
    points = sorted(set(points))
    if len(points) <= 2:
        return points

    def cross(o, a, b):
        return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])

    lower = []
    for p in points:
        while len(lower) >= 2 and cross(lower[-2], lower[-1], p) <= 0:
            lower.pop()
        lower.append(p)
    upper = []
    for p in reversed(points):
        while len(upper) >= 2 and cross(upper[-2], upper[-1], p) <= 0:
            upper.pop()
        upper.append(p)
    return lower[:-1] + upper[:-1]
""",
    ),
    row(
        "kth_by_heap_all",
        "O(n log n)",
        "O(n)",
        "heapq",
        "lambda n, rng: (rng.sample(range(10 * n), n), n // 2)",
        """
from heapq import heapify, heappop


def kth_smallest(numbers, k):
    heap = numbers[:]
    heapify(heap)
    for _ in range(k):
        heappop(heap)
    return heap[0]
""",
    ),
    row(
        "running_median",
        "O(n log n)",
        "O(n)",
        "heapq class",
        INTS,
        """
import heapq


class MedianFinder:
    def __init__(self):
        self.small = []
        self.large = []

    def add(self, num):
        heapq.heappush(self.small, -heapq.heappushpop(self.large, num))
        if len(self.small) > len(self.large):
            heapq.heappush(self.large, -heapq.heappop(self.small))

    def median(self):
        if len(self.large) > len(self.small):
            return self.large[0]
        return (self.large[0] - self.small[0]) / 2


def median_trace(stream):
    finder = MedianFinder()
    total = 0
    for value in stream:
        finder.add(value)
        total += finder.median()
    return total
""",
    ),
    row(
        "huffman_cost",
        "O(n log n)",
        "O(n)",
        "heapq greedy",
        INTS,
        """
import heapq


def huffman_cost(weights):
    heap = list(weights)
    heapq.heapify(heap)
    cost = 0
    while len(heap) > 1:
        merged = heapq.heappop(heap) + heapq.heappop(heap)
        cost += merged
        heapq.heappush(heap, merged)
    return cost
""",
    ),
    row(
        "dijkstra_sparse",
        "O(n log n)",
        "O(n)",
        "graph heapq",
        SPARSE_GRAPH,
        """
import heapq


def shortest_paths(n, roads):
    graph = {i: [] for i in range(n)}
    for a, b, w in roads:
        graph[a].append((b, w))
        graph[b].append((a, w))
    dist = {0: 0}
    queue = [(0, 0)]
    while queue:
        d, node = heapq.heappop(queue)
        if d > dist[node]:
            continue
        for other, w in graph[node]:
            candidate = d + w
            if candidate < dist.get(other, float("inf")):
                dist[other] = candidate
                heapq.heappush(queue, (candidate, other))
    return dist
""",
    ),
    row(
        "kruskal_sparse",
        "O(n log n)",
        "O(n)",
        "graph union-find sort",
        SPARSE_GRAPH,
        """
def minimum_spanning_weight(n, edges):
    parent = list(range(n))

    def find(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    weight = 0
    for a, b, w in sorted(edges, key=lambda e: e[2]):
        ra, rb = find(a), find(b)
        if ra != rb:
            parent[ra] = rb
            weight += w
    return weight
""",
    ),
    row(
        "binary_search_each",
        "O(n log n)",
        "O(1)",
        "search helper",
        SORTED,
        """
def find(values, target):
    lo, hi = 0, len(values) - 1
    while lo <= hi:
        mid = (lo + hi) // 2
        if values[mid] == target:
            return mid
        if values[mid] < target:
            lo = mid + 1
        else:
            hi = mid - 1
    return -1


def doubles_present(values):
    return sum(1 for v in values if find(values, 2 * v + 1) >= 0)
""",
    ),
    row(
        "bisect_each_rank",
        "O(n log n)",
        "O(n)",
        "bisect sort c-hidden",
        INTS,
        """
import bisect


def ranks(scores):
    ordered = sorted(scores)
    return [bisect.bisect_left(ordered, s) for s in scores]
""",
    ),
    row(
        "harmonic_divisor_table",
        "O(n log n)",
        "O(n)",
        "numbers harmonic",
        NUMBER,
        """
def divisor_sums(limit):
    sums = [0] * (limit + 1)
    for d in range(1, limit + 1):
        for multiple in range(d, limit + 1, d):
            sums[multiple] += d
    return sums
""",
    ),
    row(
        "harmonic_while",
        "O(n log n)",
        "O(1)",
        "numbers harmonic",
        NUMBER,
        """
def count_pairs(n):
    pairs = 0
    i = 1
    while i <= n:
        j = i
        while j <= n:
            pairs += 1
            j += i
        i += 1
    return pairs
""",
    ),
    row(
        "doubling_inside_loop",
        "O(n log n)",
        "O(1)",
        "halving",
        NUMBER,
        """
def total_bits(n):
    bits = 0
    for value in range(1, n + 1):
        while value:
            bits += value & 1
            value >>= 1
    return bits
""",
    ),
    row(
        "loop_inside_halving",
        "O(n log n)",
        "O(1)",
        "halving",
        INTS,
        """
def butterfly_checksum(signal):
    n = len(signal)
    step = n
    acc = 0
    while step >= 1:
        for i in range(n):
            acc = (acc + signal[i] * step) & 0xFFFF
        step //= 2
    return acc
""",
    ),
    row(
        "fenwick_inversions",
        "O(n log n)",
        "O(n)",
        "fenwick",
        "lambda n, rng: (rng.sample(range(n), n),)",
        """
class Fenwick:
    def __init__(self, size):
        self.tree = [0] * (size + 1)

    def add(self, i):
        i += 1
        while i < len(self.tree):
            self.tree[i] += 1
            i += i & -i

    def prefix(self, i):
        s = 0
        while i > 0:
            s += self.tree[i]
            i -= i & -i
        return s


def smaller_to_the_right(perm):
    bit = Fenwick(len(perm))
    out = []
    for v in reversed(perm):
        out.append(bit.prefix(v))
        bit.add(v)
    return out[::-1]
""",
    ),
    row(
        "segment_tree_queries",
        "O(n log n)",
        "O(n)",
        "segment-tree",
        INTS,
        '''
def range_minimums(values):
    """Minimum of every suffix-like window [i, n), asked one by one."""
    n = len(values)
    size = 1
    while size < n:
        size *= 2
    tree = [float("inf")] * (2 * size)
    tree[size:size + n] = values
    for i in range(size - 1, 0, -1):
        tree[i] = min(tree[2 * i], tree[2 * i + 1])

    def query(lo, hi):
        best = float("inf")
        lo += size
        hi += size
        while lo < hi:
            if lo & 1:
                best = min(best, tree[lo])
                lo += 1
            if hi & 1:
                hi -= 1
                best = min(best, tree[hi])
            lo //= 2
            hi //= 2
        return best

    return [query(i, n) for i in range(n)]
''',
    ),
    row(
        "sparse_table_build",
        "O(n log n)",
        "O(n log n)",
        "doubling",
        INTS,
        """
def build_sparse_table(values):
    table = [list(values)]
    span = 1
    while 2 * span <= len(values):
        prev = table[-1]
        table.append([
            min(prev[i], prev[i + span]) for i in range(len(values) - 2 * span + 1)
        ])
        span *= 2
    return table
""",
    ),
    row(
        "anagram_dedupe_sort",
        "O(n log n)",
        "O(n)",
        "strings sort c-hidden",
        WORDS,
        """
def unique_words(words):
    return sorted({w.strip().lower() for w in words})
""",
    ),
    row(
        "top_k_quarter",
        "O(n log n)",
        "O(n)",
        "heapq c-hidden data",
        DISTINCT,
        """
import heapq


def upper_quarter(salaries):
    return heapq.nlargest(len(salaries) // 4, salaries)
""",
    ),
    row(
        "sort_then_two_pointers",
        "O(n log n)",
        "O(n)",
        "sort two-pointers",
        INTS,
        """
def closest_to_zero_pair(nums):
    nums = sorted(nums)
    shift = nums[len(nums) // 2]
    i, j = 0, len(nums) - 1
    best = float("inf")
    while i < j:
        s = nums[i] + nums[j] - 2 * shift
        best = min(best, abs(s))
        if s < 0:
            i += 1
        else:
            j -= 1
    return best
""",
    ),
    row(
        "skyline_events",
        "O(n log n)",
        "O(n)",
        "geometry heapq sweep",
        "lambda n, rng: ([(x, x + rng.randrange(1, 10 * n), rng.randrange(1, 100)) for x in"
        " (rng.randrange(10 * n) for _ in range(n))],)",
        """
from heapq import heappush, heappop


def skyline(buildings):
    events = sorted([(l, -h, r) for l, r, h in buildings] + [(r, 0, 0) for _, r, _ in buildings])
    live = [(0, float("inf"))]
    outline = [[0, 0]]
    for x, neg_h, r in events:
        while live[0][1] <= x:
            heappop(live)
        if neg_h:
            heappush(live, (neg_h, r))
        if outline[-1][1] != -live[0][0]:
            outline.append([x, -live[0][0]])
    return outline[1:]
""",
    ),
    row(
        "task_scheduler_profit",
        "O(n log n)",
        "O(n)",
        "greedy heapq sort",
        "lambda n, rng: ([(rng.randrange(1, n + 1), rng.randrange(100 * n)) for _ in range(n)],)",
        """
import heapq


def best_profit(jobs):
    chosen = []
    for deadline, profit in sorted(jobs):
        heapq.heappush(chosen, profit)
        if len(chosen) > deadline:
            heapq.heappop(chosen)
    return sum(chosen)
""",
    ),
    row(
        "merge_k_iter",
        "O(n log n)",
        "O(n)",
        "heapq itertools c-hidden",
        "lambda n, rng: (rng.sample(range(10 * n), n),)",
        '''
import heapq


def merge_singletons(values):
    """Every value is a stream of its own; merge them all."""
    return list(heapq.merge(*[[v] for v in values]))
''',
    ),
]
