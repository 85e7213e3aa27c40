"""Functions without type hints, of the kinds that people write: name -> (sizes, code)."""

PROGRAMS: dict[str, tuple[int, str]] = {
    "two_sum": (1, """
def f(nums, target):
    seen = {}
    for i, x in enumerate(nums):
        if target - x in seen:
            return [seen[target - x], i]
        seen[x] = i
    return []
"""),
    "binary_search": (1, """
def f(arr, x):
    lo, hi = 0, len(arr) - 1
    while lo <= hi:
        mid = (lo + hi) // 2
        if arr[mid] == x:
            return mid
        if arr[mid] < x:
            lo = mid + 1
        else:
            hi = mid - 1
    return -1
"""),
    "palindrome": (1, """
def f(s):
    t = ''.join(c.lower() for c in s if c.isalnum())
    return t == t[::-1]
"""),
    "brackets": (1, """
def f(s):
    pairs = {')': '(', ']': '[', '}': '{'}
    stack = []
    for ch in s:
        if ch in pairs:
            if not stack or stack.pop() != pairs[ch]:
                return False
        else:
            stack.append(ch)
    return not stack
"""),
    "linked_list_reverse": (1, """
def f(head):
    prev = None
    while head:
        nxt = head.next
        head.next = prev
        prev = head
        head = nxt
    return prev
"""),
    "merge_lists": (2, """
class ListNode:
    def __init__(self, val=0, next=None):
        self.val = val
        self.next = next
def f(l1, l2):
    dummy = tail = ListNode()
    while l1 and l2:
        if l1.val < l2.val:
            tail.next, l1 = l1, l1.next
        else:
            tail.next, l2 = l2, l2.next
        tail = tail.next
    tail.next = l1 or l2
    return dummy.next
"""),
    "tree_depth": (1, """
class Node:
    def __init__(self, value):
        self.value = value
        self.left = None
        self.right = None
def f(root):
    if root is None:
        return 0
    return 1 + max(f(root.left), f(root.right))
"""),
    "tree_sum": (1, """
def f(root):
    stack, total = [root], 0
    while stack:
        node = stack.pop()
        if node:
            total += node.val
            stack.append(node.left)
            stack.append(node.right)
    return total
"""),
    "bfs_dict": (2, """
from collections import deque
def f(graph, start):
    seen = {start}
    queue = deque([start])
    while queue:
        u = queue.popleft()
        for v in graph[u]:
            if v not in seen:
                seen.add(v)
                queue.append(v)
    return len(seen)
"""),
    "dijkstra": (2, """
import heapq
def f(graph, source):
    dist = {v: float('inf') for v in graph}
    dist[source] = 0
    heap = [(0, source)]
    while heap:
        d, u = heapq.heappop(heap)
        if d > dist[u]:
            continue
        for v, w in graph[u]:
            if d + w < dist[v]:
                dist[v] = d + w
                heapq.heappush(heap, (d + w, v))
    return dist
"""),
    "course_schedule": (2, """
def f(numCourses, prerequisites):
    g = [[] for _ in range(numCourses)]
    deg = [0] * numCourses
    for a, b in prerequisites:
        g[b].append(a)
        deg[a] += 1
    q = [i for i in range(numCourses) if deg[i] == 0]
    for u in q:
        for v in g[u]:
            deg[v] -= 1
            if deg[v] == 0:
                q.append(v)
    return len(q) == numCourses
"""),
    "union_find": (2, """
def f(n, edges):
    parent = list(range(n))
    def find(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x
    for u, v in edges:
        parent[find(u)] = find(v)
    return len({find(i) for i in range(n)})
"""),
    "islands": (2, """
def f(grid):
    rows, cols = len(grid), len(grid[0])
    seen = set()
    count = 0
    for r in range(rows):
        for c in range(cols):
            if grid[r][c] == '1' and (r, c) not in seen:
                count += 1
                stack = [(r, c)]
                while stack:
                    x, y = stack.pop()
                    if 0 <= x < rows and 0 <= y < cols and grid[x][y] == '1' and (x, y) not in seen:
                        seen.add((x, y))
                        stack += [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
    return count
"""),
    "min_path_sum": (2, """
def f(grid):
    m, n = len(grid), len(grid[0])
    dp = [[0] * n for _ in range(m)]
    for i in range(m):
        for j in range(n):
            if i == 0 and j == 0:
                dp[i][j] = grid[0][0]
            elif i == 0:
                dp[i][j] = dp[i][j - 1] + grid[i][j]
            elif j == 0:
                dp[i][j] = dp[i - 1][j] + grid[i][j]
            else:
                dp[i][j] = min(dp[i - 1][j], dp[i][j - 1]) + grid[i][j]
    return dp[-1][-1]
"""),
    "matmul": (1, """
def f(a, b):
    n = len(a)
    c = [[0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i][j] += a[i][k] * b[k][j]
    return c
"""),
    "knapsack": (2, """
def f(weights, values, capacity):
    dp = [0] * (capacity + 1)
    for i in range(len(weights)):
        for w in range(capacity, weights[i] - 1, -1):
            dp[w] = max(dp[w], dp[w - weights[i]] + values[i])
    return dp[capacity]
"""),
    "coin_change": (2, """
def f(coins, amount):
    dp = [0] + [float('inf')] * amount
    for a in range(1, amount + 1):
        for c in coins:
            if c <= a:
                dp[a] = min(dp[a], dp[a - c] + 1)
    return dp[amount] if dp[amount] < float('inf') else -1
"""),
    "merge_intervals": (1, """
def f(intervals):
    intervals.sort(key=lambda p: p[0])
    out = []
    for start, end in intervals:
        if out and start <= out[-1][1]:
            out[-1] = [out[-1][0], max(out[-1][1], end)]
        else:
            out.append([start, end])
    return out
"""),
    "top_k": (1, """
from collections import Counter
def f(nums, k):
    return [x for x, _ in Counter(nums).most_common(k)]
"""),
    "window": (1, """
def f(arr, k):
    best = cur = sum(arr[:k])
    for i in range(k, len(arr)):
        cur += arr[i] - arr[i - k]
        best = max(best, cur)
    return best
"""),
    "anagram_groups": (1, """
def f(words):
    groups = {}
    for w in words:
        groups.setdefault(''.join(sorted(w)), []).append(w)
    return list(groups.values())
"""),
    "str_find": (2, """
def f(text, pattern):
    for i in range(len(text) - len(pattern) + 1):
        if text[i:i + len(pattern)] == pattern:
            return i
    return -1
"""),
    "prime": (1, """
def f(n):
    if n < 2:
        return False
    i = 2
    while i * i <= n:
        if n % i == 0:
            return False
        i += 1
    return True
"""),
    "gcd": (1, """
def f(a, b):
    while b:
        a, b = b, a % b
    return a
"""),
    "grid_paths": (2, """
def f(m, n):
    dp = [[1] * n for _ in range(m)]
    for i in range(1, m):
        for j in range(1, n):
            dp[i][j] = dp[i - 1][j] + dp[i][j - 1]
    return dp[-1][-1]
"""),
    "dot": (1, """
def f(xs, ys):
    return sum(x * y for x, y in zip(xs, ys))
"""),
    "zip_indexed": (1, """
def f(a, b):
    total = 0
    for i in range(len(a)):
        total += abs(a[i] - b[i])
    return total
"""),
    "n_and_list": (1, """
def f(n, a):
    s = 0
    for i in range(n):
        s += a[i]
    return s
"""),
    "quicksort": (1, """
def f(xs, lo=0, hi=None):
    if hi is None:
        hi = len(xs) - 1
    if lo < hi:
        p = xs[hi]
        i = lo
        for j in range(lo, hi):
            if xs[j] < p:
                xs[i], xs[j] = xs[j], xs[i]
                i += 1
        xs[i], xs[hi] = xs[hi], xs[i]
        f(xs, lo, i - 1)
        f(xs, i + 1, hi)
    return xs
"""),
    "counting_dict": (1, """
def f(counts):
    best = None
    for key, value in counts.items():
        if best is None or value > counts[best]:
            best = key
    return best
"""),
    "sum_digits_text": (1, """
def f(s):
    return sum(int(c) for c in s)
"""),
    "set_difference": (2, """
def f(a, b):
    out = []
    for x in a:
        if x not in b:
            out.append(x)
    return out
"""),
    "apply_function": (1, """
def f(func, items):
    return [func(x) for x in items]
"""),
    "power_set": (1, """
def f(items):
    if not items:
        return [[]]
    rest = f(items[1:])
    return rest + [[items[0]] + r for r in rest]
"""),
    "floyd": (1, """
def f(dist):
    n = len(dist)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                dist[i][j] = min(dist[i][j], dist[i][k] + dist[k][j])
    return dist
"""),
    "adjacency_components": (2, """
def f(adj):
    n = len(adj)
    seen = [False] * n
    count = 0
    for s in range(n):
        if not seen[s]:
            count += 1
            stack = [s]
            seen[s] = True
            while stack:
                u = stack.pop()
                for v in adj[u]:
                    if not seen[v]:
                        seen[v] = True
                        stack.append(v)
    return count
"""),
    "queries": (2, """
def f(nums, queries):
    prefix = [0]
    for x in nums:
        prefix.append(prefix[-1] + x)
    return [prefix[r + 1] - prefix[l] for l, r in queries]
"""),
    "class_method": (1, """
class Solution:
    def f(self, nums):
        best = cur = nums[0]
        for x in nums[1:]:
            cur = max(x, cur + x)
            best = max(best, cur)
        return best
"""),
}  # fmt: skip


def entry_of(name: str) -> str:
    return "Solution.f" if name == "class_method" else "f"
