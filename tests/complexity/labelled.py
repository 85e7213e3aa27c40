# ruff: noqa: E501 (programs as they are, one to a line)
"""Functions of known class to develop and test on: name, time, memory, inputs, code.

Time counts a string's ``+=`` as a copy. Memory is auxiliary: what the call allocates above its
arguments, the result included.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Labelled:
    name: str
    time: str
    memory: str
    inputs: str
    code: str
    entry: str = "f"


INTS = "lambda n, rng: ([rng.randrange(10 * n + 10) for _ in range(n)],)"
SORTED = "lambda n, rng: (sorted(rng.randrange(10 * n + 10) for _ in range(n)),)"
NUMBER = "lambda n, rng: (n,)"
WORD = "lambda n, rng: (''.join(rng.choice('abcd') for _ in range(n)),)"
WORDS = "lambda n, rng: ([''.join(rng.choice('abcdef') for _ in range(6)) for _ in range(n)],)"
GRID = "lambda n, rng: ([[rng.randrange(100) for _ in range(n)] for _ in range(n)],)"
TREE_GRAPH = "lambda n, rng: (n, [(rng.randrange(i), i) for i in range(1, n)])"
SPARSE = "lambda n, rng: (n, [(rng.randrange(n), rng.randrange(n)) for _ in range(3 * n)])"
TWO_LISTS = (
    "lambda n, m, rng: ([rng.randrange(999) for _ in range(n)],"
    " [rng.randrange(999) for _ in range(m)])"
)

ALL: list[Labelled] = []


def add(name: str, time: str, memory: str, inputs: str, code: str, entry: str = "f") -> None:
    ALL.append(Labelled(name, time, memory, inputs, code.strip("\n") + "\n", entry))


# --- O(1) --------------------------------------------------------------------------------------
add("sum_formula", "1", "1", NUMBER, "def f(n):\n    return n * (n + 1) // 2\n")
add(
    "last_digit",
    "1",
    "1",
    NUMBER,
    "def f(n):\n    return 'even' if n % 10 in (0, 2, 4, 6, 8) else 'odd'\n",
)
add("middle", "1", "1", INTS, "def f(xs):\n    return xs[len(xs) // 2] if xs else None\n")
add(
    "swap_ends",
    "1",
    "1",
    INTS,
    "def f(xs):\n    if xs:\n        xs[0], xs[-1] = xs[-1], xs[0]\n    return xs\n",
)
add(
    "first_ten",
    "1",
    "1",
    INTS,
    "def f(xs):\n    best = 0\n    for x in xs[:10]:\n        best = max(best, x)\n    return best\n",
)
add(
    "dict_hit",
    "1",
    "1",
    "lambda n, rng: ({str(i): i for i in range(n)},)",
    "def f(d):\n    return d.get('7', 0) + ('x' in d)\n",
)
add(
    "deque_ends",
    "1",
    "1",
    "lambda n, rng: (collections.deque(range(n)),)",
    "def f(q):\n    q.appendleft(q.pop())\n    q.append(q.popleft())\n    return q[0]\n",
)
add("heap_peek", "1", "1", SORTED, "def f(h):\n    return h[0] if h else -1\n")
add(
    "day_of_week",
    "1",
    "1",
    NUMBER,
    "def f(n):\n    names = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']\n    return names[n % 7].upper()\n",
)
add(
    "fixed_table",
    "1",
    "1",
    NUMBER,
    "def f(n):\n    t = [[i * j for j in range(12)] for i in range(12)]\n    return t[n % 12][(n // 12) % 12]\n",
)

# --- O(log n) ----------------------------------------------------------------------------------
add(
    "power_mod",
    "log n",
    "1",
    NUMBER,
    "def f(n):\n    r, b, m = 1, 3, 10 ** 9 + 7\n    while n:\n        if n & 1:\n            r = r * b % m\n        b = b * b % m\n        n >>= 1\n    return r\n",
)
add(
    "power_rec",
    "log n",
    "log n",
    NUMBER,
    "def f(n, b=3, m=998244353):\n    if n == 0:\n        return 1\n    h = f(n // 2, b, m)\n    h = h * h % m\n    return h * b % m if n % 2 else h\n",
)
add("pow_builtin", "log n", "1", NUMBER, "def f(n):\n    return pow(7, n, 1000003)\n")
add(
    "digit_sum",
    "log n",
    "1",
    NUMBER,
    "def f(n):\n    s = 0\n    while n > 0:\n        s += n % 10\n        n //= 10\n    return s\n",
)
add(
    "bits_list",
    "log n",
    "log n",
    NUMBER,
    "def f(n):\n    out = []\n    while n:\n        out.append(n & 1)\n        n >>= 1\n    return out[::-1]\n",
)
add(
    "bsearch_rec",
    "log n",
    "log n",
    "lambda n, rng: (list(range(n)), n - 1)",
    "def f(xs, t):\n    def go(lo, hi):\n        if lo >= hi:\n            return lo\n        mid = (lo + hi) // 2\n        if xs[mid] < t:\n            return go(mid + 1, hi)\n        return go(lo, mid)\n    return go(0, len(xs))\n",
)
add(
    "bisect_range",
    "log n",
    "1",
    "lambda n, rng: (list(range(n)), n // 3)",
    "from bisect import bisect_left, bisect_right\ndef f(xs, t):\n    return bisect_right(xs, t) - bisect_left(xs, t)\n",
)
add(
    "heap_one",
    "log n",
    "1",
    "lambda n, rng: (list(range(n)),)",
    "import heapq\ndef f(h):\n    heapq.heappush(h, -1)\n    return heapq.heappop(h)\n",
)
add(
    "gcd_fib",
    "log n",
    "1",
    "lambda n, rng: (n, n * 610 // 987 + 1)",
    "def f(a, b):\n    while b:\n        a, b = b, a % b\n    return a\n",
)
add(
    "isqrt_newton_bits",
    "log n",
    "1",
    NUMBER,
    "def f(n):\n    lo, hi = 0, n + 1\n    while hi - lo > 1:\n        mid = (lo + hi) // 2\n        if mid * mid <= n:\n            lo = mid\n        else:\n            hi = mid\n    return lo\n",
)
add(
    "fenwick_query",
    "log n",
    "1",
    "lambda n, rng: (list(range(n + 1)), n)",
    "def f(tree, i):\n    s = 0\n    while i > 0:\n        s += tree[i]\n        i -= i & -i\n    return s\n",
)
add(
    "bst_insert_search",
    "log n",
    "1",
    "lambda n, rng: (build(0, n), n - 1)",
    """
class Node:
    __slots__ = ("key", "left", "right")
    def __init__(self, key, left, right):
        self.key, self.left, self.right = key, left, right
def build(lo, hi):
    if lo >= hi:
        return None
    mid = (lo + hi) // 2
    return Node(mid, build(lo, mid), build(mid + 1, hi))
def f(root, key):
    while root is not None and root.key != key:
        root = root.left if key < root.key else root.right
    return root is not None
""",
)

# --- O(sqrt n) ---------------------------------------------------------------------------------
add(
    "is_prime",
    "sqrt n",
    "1",
    NUMBER,
    "def f(n):\n    if n < 2:\n        return False\n    i = 2\n    while i * i <= n:\n        if n % i == 0:\n            return False\n        i += 1\n    return True\n",
)
add(
    "divisor_count",
    "sqrt n",
    "1",
    NUMBER,
    "def f(n):\n    c = 0\n    for i in range(1, int(n ** 0.5) + 1):\n        if n % i == 0:\n            c += 1 if i * i == n else 2\n    return c\n",
)
add(
    "is_prime_all",
    "sqrt n",
    "1",
    NUMBER,
    "import math\ndef f(n):\n    return n > 1 and all(n % i for i in range(2, math.isqrt(n) + 1))\n",
)
add(
    "odd_sums_root",
    "sqrt n",
    "1",
    NUMBER,
    "def f(n):\n    k, odd = 0, 1\n    while n >= odd:\n        n -= odd\n        odd += 2\n        k += 1\n    return k\n",
)

# --- O(n) --------------------------------------------------------------------------------------
add(
    "running_max",
    "n",
    "n",
    INTS,
    "def f(xs):\n    out, best = [], float('-inf')\n    for x in xs:\n        best = x if x > best else best\n        out.append(best)\n    return out\n",
)
add(
    "two_sum_dict",
    "n",
    "n",
    "lambda n, rng: ([2 * rng.randrange(10 * n + 10) for _ in range(n)], 1)",
    "def f(xs, t):\n    seen = {}\n    for i, x in enumerate(xs):\n        if t - x in seen:\n            return [seen[t - x], i]\n        seen[x] = i\n    return []\n",
)
add(
    "boyer_moore",
    "n",
    "1",
    INTS,
    "def f(xs):\n    c, k = None, 0\n    for x in xs:\n        if k == 0:\n            c = x\n        k += 1 if x == c else -1\n    return c\n",
)
add(
    "reverse_in_place",
    "n",
    "1",
    INTS,
    "def f(xs):\n    i, j = 0, len(xs) - 1\n    while i < j:\n        xs[i], xs[j] = xs[j], xs[i]\n        i += 1\n        j -= 1\n    return None\n",
)
add(
    "counter_words",
    "n",
    "n",
    WORDS,
    "from collections import Counter\ndef f(ws):\n    return Counter(ws)\n",
)
add("palindrome_slice", "n", "n", WORD, "def f(s):\n    return s == s[::-1]\n")
add("any_negative", "n", "1", INTS, "def f(xs):\n    return any(x < 0 for x in xs)\n")
add("max_min", "n", "1", INTS, "def f(xs):\n    return max(xs, default=0) - min(xs, default=0)\n")
add(
    "bfs_tree",
    "n",
    "n",
    TREE_GRAPH,
    """
from collections import deque
def f(n, edges):
    g = [[] for _ in range(n)]
    for a, b in edges:
        g[a].append(b)
        g[b].append(a)
    dist = [-1] * n
    dist[0] = 0
    q = deque([0])
    while q:
        u = q.popleft()
        for v in g[u]:
            if dist[v] < 0:
                dist[v] = dist[u] + 1
                q.append(v)
    return max(dist)
""",
)
add(
    "dfs_recursive_path",
    "n",
    "n",
    "lambda n, rng: ({i: [i + 1] for i in range(n)},)",
    """
def f(g):
    seen = set()
    def go(u):
        seen.add(u)
        for v in g.get(u, ()):
            if v not in seen:
                go(v)
    go(0)
    return len(seen)
""",
)
add(
    "union_find",
    "n",
    "n",
    SPARSE,
    """
def f(n, edges):
    parent = list(range(n))
    size = [1] * n
    def find(x):
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x
    k = n
    for a, b in edges:
        a, b = find(a), find(b)
        if a != b:
            if size[a] < size[b]:
                a, b = b, a
            parent[b] = a
            size[a] += size[b]
            k -= 1
    return k
""",
)
add(
    "kmp",
    "n",
    "n",
    "lambda n, rng: ('a' * n + 'b', 'a' * (n // 2) + 'b')",
    """
def f(s, p):
    fail = [0] * len(p)
    k = 0
    for i in range(1, len(p)):
        while k and p[i] != p[k]:
            k = fail[k - 1]
        if p[i] == p[k]:
            k += 1
        fail[i] = k
    k = 0
    for i, c in enumerate(s):
        while k and c != p[k]:
            k = fail[k - 1]
        if c == p[k]:
            k += 1
        if k == len(p):
            return i - k + 1
    return -1
""",
)
add(
    "stack_next_greater",
    "n",
    "n",
    INTS,
    "def f(xs):\n    out = [-1] * len(xs)\n    st = []\n    for i, x in enumerate(xs):\n        while st and xs[st[-1]] < x:\n            out[st.pop()] = x\n        st.append(i)\n    return out\n",
)
add(
    "sliding_window_deque",
    "n",
    "n",
    INTS,
    "from collections import deque\ndef f(xs):\n    k = max(1, len(xs) // 4)\n    q, out = deque(), []\n    for i, x in enumerate(xs):\n        while q and xs[q[-1]] <= x:\n            q.pop()\n        q.append(i)\n        if q[0] <= i - k:\n            q.popleft()\n        if i >= k - 1:\n            out.append(xs[q[0]])\n    return out\n",
)
add(
    "counting_sort",
    "n",
    "n",
    "lambda n, rng: ([rng.randrange(100) for _ in range(n)],)",
    "def f(xs):\n    c = [0] * 100\n    for x in xs:\n        c[x] += 1\n    out = []\n    for v, k in enumerate(c):\n        out.extend([v] * k)\n    return out\n",
)
add(
    "generator_pipeline",
    "n",
    "1",
    INTS,
    "def f(xs):\n    odd = (x for x in xs if x % 2)\n    sq = (x * x for x in odd)\n    return sum(sq)\n",
)
add("map_filter_sum", "n", "1", INTS, "def f(xs):\n    return sum(map(abs, filter(None, xs)))\n")
add("zip_pairs", "n", "n", INTS, "def f(xs):\n    return [b - a for a, b in zip(xs, xs[1:])]\n")
add("join_map_str", "n", "n", INTS, "def f(xs):\n    return ','.join(map(str, xs))\n")
add(
    "translate",
    "n",
    "n",
    WORD,
    "def f(s):\n    return s.translate(str.maketrans('abcd', 'bcda'))\n",
)
add(
    "reduce_xor",
    "n",
    "1",
    INTS,
    "from functools import reduce\nimport operator\ndef f(xs):\n    return reduce(operator.xor, xs, 0)\n",
)
add(
    "accumulate_last",
    "n",
    "n",
    INTS,
    "from itertools import accumulate\ndef f(xs):\n    return list(accumulate(xs))\n",
)
add(
    "linked_list_reverse",
    "n",
    "1",
    "lambda n, rng: (make(n),)",
    """
class Node:
    def __init__(self, v, nxt=None):
        self.v = v
        self.nxt = nxt
def make(n):
    head = None
    for i in range(n):
        head = Node(i, head)
    return head
def f(head):
    prev = None
    while head:
        head.nxt, prev, head = prev, head, head.nxt
    return prev
""",
)
add(
    "fib_dp_mod",
    "n",
    "1",
    NUMBER,
    "def f(n):\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, (a + b) % 1000000007\n    return a\n",
)
add(
    "fact_rec_mod",
    "n",
    "n",
    NUMBER,
    "def f(n):\n    return 1 if n <= 1 else n * f(n - 1) % 1000000007\n",
)
add(
    "memo_stairs",
    "n",
    "n",
    NUMBER,
    "from functools import lru_cache\ndef f(n):\n    @lru_cache(maxsize=None)\n    def go(k):\n        if k < 2:\n            return 1\n        return (go(k - 1) + go(k - 2)) % 1000007\n    return go(n)\n",
)
add(
    "memo_dict",
    "n",
    "n",
    NUMBER,
    "def f(n, memo=None):\n    if memo is None:\n        memo = {}\n    if n < 2:\n        return n\n    if n not in memo:\n        memo[n] = (f(n - 1, memo) + f(n - 2, memo)) % 1009\n    return memo[n]\n",
)
add(
    "set_ops",
    "n",
    "n",
    "lambda n, rng: (list(range(n)), list(range(n // 2, n + n // 2)))",
    "def f(a, b):\n    return len(set(a) & set(b)) + len(set(a) ^ set(b))\n",
)
add(
    "trie_build",
    "n",
    "n",
    WORDS,
    """
def f(words):
    root = {}
    for w in words:
        node = root
        for c in w:
            node = node.setdefault(c, {})
        node['$'] = True
    return root
""",
)
add(
    "parse_balanced",
    "n",
    "n",
    "lambda n, rng: ('(' * (n // 2) + ')' * (n // 2),)",
    "def f(s):\n    st = []\n    for c in s:\n        if c == '(':\n            st.append(c)\n        elif not st or st.pop() != '(':\n            return False\n    return not st\n",
)
add(
    "generator_fn",
    "n",
    "n",
    INTS,
    "def pairs(xs):\n    it = iter(xs)\n    for a in it:\n        b = next(it, None)\n        yield a, b\ndef f(xs):\n    return dict(pairs(xs))\n",
)
add("regex_words", "n", "n", WORD, "import re\ndef f(s):\n    return len(re.findall('a+', s))\n")
add(
    "json_round", "n", "n", INTS, "import json\ndef f(xs):\n    return json.loads(json.dumps(xs))\n"
)
add(
    "quickselect_mean",
    "n",
    "n",
    INTS,
    """
def f(xs):
    k = len(xs) // 2
    while True:
        p = xs[len(xs) // 2]
        lo = [x for x in xs if x < p]
        eq = [x for x in xs if x == p]
        if k < len(lo):
            xs = lo
        elif k < len(lo) + len(eq):
            return p
        else:
            k -= len(lo) + len(eq)
            xs = [x for x in xs if x > p]
""",
)
add(
    "dutch_flag",
    "n",
    "1",
    "lambda n, rng: ([rng.randrange(3) for _ in range(n)],)",
    "def f(a):\n    lo, i, hi = 0, 0, len(a) - 1\n    while i <= hi:\n        if a[i] == 0:\n            a[lo], a[i] = a[i], a[lo]\n            lo += 1\n            i += 1\n        elif a[i] == 2:\n            a[hi], a[i] = a[i], a[hi]\n            hi -= 1\n        else:\n            i += 1\n    return a\n",
)
add(
    "statistics_mean",
    "n",
    "1",
    INTS,
    "import statistics\ndef f(xs):\n    return statistics.mean(xs) if xs else 0\n",
)
add(
    "topo_sort",
    "n",
    "n",
    "lambda n, rng: (n, [(rng.randrange(i), i) for i in range(1, n) for _ in (0, 1)])",
    """
from collections import defaultdict, deque
def f(n, edges):
    g = defaultdict(list)
    deg = [0] * n
    for a, b in edges:
        g[a].append(b)
        deg[b] += 1
    q = deque(i for i in range(n) if not deg[i])
    out = []
    while q:
        u = q.popleft()
        out.append(u)
        for v in g[u]:
            deg[v] -= 1
            if not deg[v]:
                q.append(v)
    return out
""",
)
add(
    "tree_sum_rec_balanced",
    "n",
    "log n",
    "lambda n, rng: (build(0, n),)",
    """
def build(lo, hi):
    if lo >= hi:
        return None
    mid = (lo + hi) // 2
    return (build(lo, mid), mid, build(mid + 1, hi))
def f(t):
    return 0 if t is None else f(t[0]) + t[1] + f(t[2])
""",
)
add(
    "class_solution",
    "n",
    "1",
    INTS,
    "from typing import List\nclass Solution:\n    def maxProfit(self, prices: List[int]) -> int:\n        low, best = float('inf'), 0\n        for p in prices:\n            low = min(low, p)\n            best = max(best, p - low)\n        return best\n",
    "Solution.maxProfit",
)
add(
    "match_star",
    "n",
    "n",
    INTS,
    "def f(xs):\n    match xs:\n        case []:\n            return 0\n        case [a, *rest]:\n            return a + len(rest)\n",
)

# --- O(n log n) --------------------------------------------------------------------------------
add("sort_dedupe", "n log n", "n", INTS, "def f(xs):\n    return sorted(set(xs))\n")
add(
    "sort_key_lambda",
    "n log n",
    "n",
    INTS,
    "def f(xs):\n    return sorted(xs, key=lambda x: (x % 10, -x))\n",
)
add(
    "anagram_groups",
    "n",
    "n",
    "lambda n, rng: ([''.join(rng.choice('abcdefghijklmnopqrstuvwxyz') for _ in range(8)) for _ in range(n)],)",
    "from collections import defaultdict\ndef f(ws):\n    d = defaultdict(list)\n    for w in ws:\n        d[''.join(sorted(w))].append(w)\n    return list(d.values())\n",
)
add(
    "heap_sort_push",
    "n log n",
    "n",
    INTS,
    "from heapq import heappush, heappop\ndef f(xs):\n    h = []\n    for x in xs:\n        heappush(h, x)\n    out = []\n    while h:\n        out.append(heappop(h))\n    return out\n",
)
add(
    "merge_sort_index",
    "n log n",
    "n",
    INTS,
    """
def merge(a, b):
    out = []
    i = j = 0
    while i < len(a) and j < len(b):
        if a[i] <= b[j]:
            out.append(a[i]); i += 1
        else:
            out.append(b[j]); j += 1
    out.extend(a[i:])
    out.extend(b[j:])
    return out
def f(xs):
    if len(xs) <= 1:
        return xs[:]
    m = len(xs) // 2
    return merge(f(xs[:m]), f(xs[m:]))
""",
)
add(
    "quick_sort_random",
    "n log n",
    "n",
    INTS,
    "import random\ndef f(xs):\n    if len(xs) <= 1:\n        return xs\n    p = random.choice(xs)\n    return f([x for x in xs if x < p]) + [x for x in xs if x == p] + f([x for x in xs if x > p])\n",
)
add(
    "lis_bisect",
    "n log n",
    "n",
    SORTED,
    "from bisect import bisect_left\ndef f(xs):\n    tails = []\n    for x in xs:\n        i = bisect_left(tails, x)\n        if i == len(tails):\n            tails.append(x)\n        else:\n            tails[i] = x\n    return len(tails)\n",
)
add(
    "merge_intervals",
    "n log n",
    "n",
    "lambda n, rng: ([(a, a + rng.randrange(5)) for a in (rng.randrange(9 * n) for _ in range(n))],)",
    "def f(iv):\n    out = []\n    for a, b in sorted(iv):\n        if out and a <= out[-1][1]:\n            out[-1] = (out[-1][0], max(b, out[-1][1]))\n        else:\n            out.append((a, b))\n    return out\n",
)
add(
    "dijkstra_sparse",
    "n log n",
    "n",
    "lambda n, rng: (n, [(rng.randrange(n), rng.randrange(n), rng.randrange(1, 99)) for _ in range(4 * n)])",
    """
import heapq
def f(n, edges):
    g = [[] for _ in range(n)]
    for a, b, w in edges:
        g[a].append((b, w))
        g[b].append((a, w))
    d = [float('inf')] * n
    d[0] = 0
    h = [(0, 0)]
    while h:
        c, u = heapq.heappop(h)
        if c > d[u]:
            continue
        for v, w in g[u]:
            if c + w < d[v]:
                d[v] = c + w
                heapq.heappush(h, (c + w, v))
    return d
""",
)
add(
    "fenwick_inversions",
    "n log n",
    "n",
    INTS,
    """
def f(xs):
    order = {v: i + 1 for i, v in enumerate(sorted(set(xs)))}
    tree = [0] * (len(order) + 1)
    inv = 0
    for i, x in enumerate(reversed(xs)):
        k = order[x] - 1
        while k > 0:
            inv += tree[k]
            k -= k & -k
        k = order[x]
        while k < len(tree):
            tree[k] += 1
            k += k & -k
    return inv
""",
)
add(
    "segment_tree_queries",
    "n log n",
    "n",
    INTS,
    """
class Seg:
    def __init__(self, xs):
        self.n = max(1, len(xs))
        self.t = [0] * (2 * self.n)
        for i, x in enumerate(xs):
            self.t[self.n + i] = x
        for i in range(self.n - 1, 0, -1):
            self.t[i] = max(self.t[2 * i], self.t[2 * i + 1])
    def query(self, lo, hi):
        lo += self.n
        hi += self.n
        best = 0
        while lo < hi:
            if lo & 1:
                best = max(best, self.t[lo]); lo += 1
            if hi & 1:
                hi -= 1; best = max(best, self.t[hi])
            lo >>= 1
            hi >>= 1
        return best
def f(xs):
    s = Seg(xs)
    return sum(s.query(i // 2, len(xs)) for i in range(len(xs)))
""",
)
add(
    "harmonic_divisors",
    "n log n",
    "n",
    NUMBER,
    "def f(n):\n    d = [[] for _ in range(n + 1)]\n    for i in range(1, n + 1):\n        for j in range(i, n + 1, i):\n            d[j].append(i)\n    return len(d[n])\n",
)
add(
    "heapq_nlargest_half",
    "n log n",
    "n",
    INTS,
    "import heapq\ndef f(xs):\n    return heapq.nlargest(len(xs) // 2, xs)\n",
)
add(
    "closest_pair_sorted",
    "n log n",
    "n",
    INTS,
    "def f(xs):\n    xs = sorted(xs)\n    return min((b - a for a, b in zip(xs, xs[1:])), default=0)\n",
)
add(
    "sort_in_place",
    "n log n",
    "1",
    "lambda n, rng: (list(range(n)),)",
    "def f(xs):\n    xs.sort(reverse=True)\n    return xs[0] if xs else 0\n",
)
add(
    "huffman",
    "n log n",
    "n",
    "lambda n, rng: ([rng.randrange(1, 1000) for _ in range(n)],)",
    "import heapq\ndef f(ws):\n    h = list(ws)\n    heapq.heapify(h)\n    total = 0\n    while len(h) > 1:\n        a, b = heapq.heappop(h), heapq.heappop(h)\n        total += a + b\n        heapq.heappush(h, a + b)\n    return total\n",
)
add(
    "bits_of_each",
    "n log n",
    "1",
    NUMBER,
    "def f(n):\n    c = 0\n    for i in range(1, n + 1):\n        while i:\n            c += i & 1\n            i >>= 1\n    return c\n",
)
add(
    "counter_most_common",
    "n log n",
    "n",
    INTS,
    "from collections import Counter\ndef f(xs):\n    return [k for k, _ in Counter(xs).most_common()]\n",
)
add(
    "median_stat",
    "n log n",
    "n",
    INTS,
    "from statistics import median\ndef f(xs):\n    return median(xs)\n",
)
add(
    "sort_objects_lt",
    "n log n",
    "n",
    "lambda n, rng: ([rng.randrange(10 * n) for _ in range(n)],)",
    """
class Item:
    def __init__(self, v):
        self.v = v
    def __lt__(self, other):
        return self.v < other.v
def f(xs):
    return [i.v for i in sorted(Item(x) for x in xs)]
""",
)

# --- O(n^2) ------------------------------------------------------------------------------------
add(
    "bubble_sort",
    "n^2",
    "1",
    INTS,
    "def f(a):\n    for i in range(len(a)):\n        for j in range(len(a) - 1 - i):\n            if a[j] > a[j + 1]:\n                a[j], a[j + 1] = a[j + 1], a[j]\n    return a\n",
)
add(
    "insertion_sort",
    "n^2",
    "1",
    INTS,
    "def f(a):\n    for i in range(1, len(a)):\n        x, j = a[i], i - 1\n        while j >= 0 and a[j] > x:\n            a[j + 1] = a[j]\n            j -= 1\n        a[j + 1] = x\n    return a\n",
)
add(
    "selection_min",
    "n^2",
    "1",
    INTS,
    "def f(a):\n    for i in range(len(a)):\n        k = min(range(i, len(a)), key=a.__getitem__)\n        a[i], a[k] = a[k], a[i]\n    return a\n",
)
add(
    "str_concat_loop",
    "n^2",
    "n",
    WORD,
    "def f(s):\n    out = ''\n    for c in s:\n        out += c\n    return out\n",
)
add(
    "str_prepend",
    "n^2",
    "n",
    WORD,
    "def f(s):\n    out = ''\n    for c in s:\n        out = c + out\n    return out\n",
)
add(
    "list_concat_loop",
    "n^2",
    "n",
    INTS,
    "def f(xs):\n    out = []\n    for x in xs:\n        out = out + [x]\n    return out\n",
)
add(
    "insert_front",
    "n^2",
    "n",
    INTS,
    "def f(xs):\n    out = []\n    for x in xs:\n        out.insert(0, x)\n    return out\n",
)
add(
    "bound_pop0",
    "n^2",
    "n",
    INTS,
    "def f(xs):\n    q = list(xs)\n    take = q.pop\n    s = 0\n    for _ in range(len(q)):\n        s += take(0)\n    return s\n",
)
add(
    "del_first",
    "n^2",
    "n",
    INTS,
    "def f(xs):\n    xs = list(xs)\n    s = 0\n    while xs:\n        s += xs[0]\n        del xs[0]\n    return s\n",
)
add(
    "remove_each",
    "n^2",
    "n",
    INTS,
    "def f(xs):\n    ys = list(xs)\n    for x in reversed(xs):\n        ys.remove(x)\n    return ys\n",
)
add(
    "index_each",
    "n^2",
    "n",
    "lambda n, rng: (list(range(n)),)",
    "def f(xs):\n    return [xs.index(x) for x in xs]\n",
)
add(
    "sum_slices", "n^2", "n", INTS, "def f(xs):\n    return [sum(xs[i:]) for i in range(len(xs))]\n"
)
add("sum_of_lists", "n^2", "n", INTS, "def f(xs):\n    return sum([[x] for x in xs], [])\n")
add("prefix_strings", "n^2", "n^2", WORD, "def f(s):\n    return [s[:i] for i in range(len(s))]\n")
add(
    "lis_dp",
    "n^2",
    "n",
    INTS,
    "def f(xs):\n    d = [1] * len(xs)\n    for i in range(len(xs)):\n        for j in range(i):\n            if xs[j] < xs[i] and d[j] + 1 > d[i]:\n                d[i] = d[j] + 1\n    return max(d, default=0)\n",
)
add(
    "knapsack_square",
    "n^2",
    "n",
    "lambda n, rng: ([rng.randrange(1, 9) for _ in range(n)], n)",
    "def f(w, cap):\n    d = [0] * (cap + 1)\n    for x in w:\n        for c in range(cap, x - 1, -1):\n            d[c] = max(d[c], d[c - x] + x)\n    return d[cap]\n",
)
add(
    "grid_dp",
    "n^2",
    "n^2",
    GRID,
    "def f(g):\n    n = len(g)\n    d = [[0] * n for _ in range(n)]\n    for i in range(n):\n        for j in range(n):\n            up = d[i - 1][j] if i else 0\n            left = d[i][j - 1] if j else 0\n            d[i][j] = g[i][j] + max(up, left)\n    return d[-1][-1]\n",
)
add("transpose_zip", "n^2", "n^2", GRID, "def f(g):\n    return list(zip(*g))\n")
add("rotate_grid", "n^2", "n^2", GRID, "def f(g):\n    return [list(r) for r in zip(*g[::-1])]\n")
add(
    "flood_fill",
    "n^2",
    "n^2",
    "lambda n, rng: ([[1] * n for _ in range(n)],)",
    """
def f(g):
    n = len(g)
    stack, seen = [(0, 0)], {(0, 0)}
    while stack:
        x, y = stack.pop()
        for a, b in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if 0 <= a < n and 0 <= b < n and (a, b) not in seen and g[a][b]:
                seen.add((a, b))
                stack.append((a, b))
    return len(seen)
""",
)
add(
    "combinations_two",
    "n^2",
    "n",
    INTS,
    "from itertools import combinations\ndef f(xs):\n    return sum(1 for a, b in combinations(xs, 2) if a == b)\n",
)
add(
    "product_two",
    "n^2",
    "n",
    INTS,
    "from itertools import product\ndef f(xs):\n    best = 0\n    for a, b in product(xs, repeat=2):\n        if a ^ b > best:\n            best = a ^ b\n    return best\n",
)
add(
    "palindrome_expand",
    "n^2",
    "n",
    "lambda n, rng: ('a' * n,)",
    "def f(s):\n    best = ''\n    for c in range(len(s)):\n        for lo, hi in ((c, c), (c, c + 1)):\n            while lo >= 0 and hi < len(s) and s[lo] == s[hi]:\n                lo -= 1\n                hi += 1\n            if hi - lo - 1 > len(best):\n                best = s[lo + 1:hi]\n    return best\n",
)
add(
    "deque_rotate_each",
    "n^2",
    "n",
    INTS,
    "from collections import deque\ndef f(xs):\n    q = deque(xs)\n    out = []\n    while q:\n        q.rotate(len(q) // 2)\n        out.append(q.pop())\n    return out\n",
)
add(
    "insort_each",
    "n^2",
    "n",
    INTS,
    "import bisect\ndef f(xs):\n    out = []\n    for x in xs:\n        bisect.insort(out, x)\n    return out\n",
)
add(
    "copy_in_loop",
    "n^2",
    "n",
    INTS,
    "def f(xs):\n    t = 0\n    for i in range(len(xs)):\n        ys = xs.copy()\n        ys[i] = 0\n        t ^= ys[i // 2]\n    return t\n",
)
add(
    "pascal_mod",
    "n^2",
    "n",
    NUMBER,
    "def f(n):\n    row = [1]\n    for _ in range(n):\n        row = [1] + [(a + b) % 1009 for a, b in zip(row, row[1:])] + [1]\n    return row[n // 2]\n",
)
add(
    "rec_slice_sum",
    "n^2",
    "n^2",
    INTS,
    "def f(xs):\n    if not xs:\n        return 0\n    return xs[0] + f(xs[1:])\n",
)
add(
    "set_in_loop",
    "n^2",
    "n",
    INTS,
    "def f(xs):\n    c = 0\n    for x in xs:\n        if x + 1 in set(xs):\n            c += 1\n    return c\n",
)
add("deepcopy_rows", "n^2", "n^2", GRID, "import copy\ndef f(g):\n    return copy.deepcopy(g)\n")
add(
    "dict_values_in",
    "n^2",
    "n",
    INTS,
    "def f(xs):\n    d = dict(enumerate(xs))\n    return sum(1 for x in xs if x + 1 in d.values())\n",
)
add(
    "str_replace_loop",
    "n^2",
    "n",
    "lambda n, rng: ('a' * n,)",
    "def f(s):\n    while 'a' in s:\n        s = s.replace('a', 'b', 1)\n    return s\n",
)
add("str_count_each", "n^2", "n", WORD, "def f(s):\n    return [s.count(c) for c in s]\n")
add(
    "queue_list_bfs",
    "n^2",
    "n",
    "lambda n, rng: (n,)",
    "def f(n):\n    q = list(range(n))\n    last = 0\n    while len(q) > 1:\n        q.append(q.pop(0))\n        last = q.pop(0)\n    return last\n",
)

# --- O(n^2 log n), O(n^3) ----------------------------------------------------------------------
add(
    "sort_each_prefix",
    "n^2 log n",
    "n",
    INTS,
    "def f(xs):\n    out = []\n    for i in range(len(xs)):\n        s = sorted(xs[:i + 1])\n        out.append(s[len(s) // 2])\n    return out\n",
)
add(
    "three_sum_bisect",
    "n^2 log n",
    "n",
    INTS,
    "import bisect\ndef f(xs):\n    xs = sorted(xs)\n    c = 0\n    for i in range(len(xs)):\n        for j in range(i + 1, len(xs)):\n            k = bisect.bisect_left(xs, -xs[i] - xs[j])\n            c += k\n    return c\n",
)
add("sort_rows_grid", "n^2 log n", "n^2", GRID, "def f(g):\n    return [sorted(r) for r in g]\n")
add(
    "heap_matrix",
    "n^2 log n",
    "n^2",
    GRID,
    "import heapq\ndef f(g):\n    h = []\n    for r in g:\n        for x in r:\n            heapq.heappush(h, x)\n    out = 0\n    while h:\n        out ^= heapq.heappop(h)\n    return out\n",
)
add(
    "matmul_zip",
    "n^3",
    "n^2",
    GRID,
    "def f(a):\n    cols = list(zip(*a))\n    return [[sum(x * y for x, y in zip(r, c)) for c in cols] for r in a]\n",
)
add(
    "three_loops_triangular",
    "n^3",
    "1",
    INTS,
    "def f(xs):\n    c = 0\n    n = len(xs)\n    for i in range(n):\n        for j in range(i + 1, n):\n            for k in range(j + 1, n):\n                if xs[i] + xs[j] + xs[k] == 0:\n                    c += 1\n    return c\n",
)
add(
    "combinations_three",
    "n^3",
    "n",
    INTS,
    "from itertools import combinations\ndef f(xs):\n    return sum(1 for t in combinations(xs, 3) if sum(t) == 0)\n",
)
add(
    "substr_all",
    "n^3",
    "n^3",
    "lambda n, rng: (''.join(chr(97 + rng.randrange(26)) for _ in range(n)),)",
    "def f(s):\n    return {s[i:j] for i in range(len(s)) for j in range(i + 1, len(s) + 1)}\n",
)
add(
    "max_subarray_cubic",
    "n^3",
    "n",
    INTS,
    "def f(xs):\n    best = 0\n    for i in range(len(xs)):\n        for j in range(i, len(xs)):\n            best = max(best, sum(xs[i:j + 1]))\n    return best\n",
)
add(
    "matrix_chain",
    "n^3",
    "n^2",
    "lambda n, rng: ([rng.randrange(1, 50) for _ in range(n + 1)],)",
    """
def f(p):
    n = len(p) - 1
    d = [[0] * n for _ in range(n)]
    for size in range(2, n + 1):
        for i in range(n - size + 1):
            j = i + size - 1
            d[i][j] = min(d[i][k] + d[k + 1][j] + p[i] * p[k + 1] * p[j + 1] for k in range(i, j))
    return d[0][n - 1] if n else 0
""",
)
add(
    "warshall_sets",
    "n^3",
    "n^2",
    "lambda n, rng: ([[rng.random() < 0.5 for _ in range(n)] for _ in range(n)],)",
    "def f(r):\n    n = len(r)\n    r = [row[:] for row in r]\n    for k in range(n):\n        for i in range(n):\n            for j in range(n):\n                r[i][j] = r[i][j] or (r[i][k] and r[k][j])\n    return r\n",
)
add(
    "gauss",
    "n^3",
    "n^2",
    "lambda n, rng: ([[rng.random() + (i == j) * n for j in range(n + 1)] for i in range(n)],)",
    """
def f(a):
    n = len(a)
    a = [r[:] for r in a]
    for c in range(n):
        p = max(range(c, n), key=lambda r: abs(a[r][c]))
        a[c], a[p] = a[p], a[c]
        for r in range(c + 1, n):
            k = a[r][c] / a[c][c]
            for j in range(c, n + 1):
                a[r][j] -= k * a[c][j]
    return a[n - 1][n]
""",
)

# --- exponentials ------------------------------------------------------------------------------
add(
    "fib_naive",
    "2^n",
    "n",
    NUMBER,
    "def f(n):\n    if n < 2:\n        return n\n    return f(n - 1) + f(n - 2)\n",
)
add(
    "power_set",
    "2^n",
    "2^n",
    INTS,
    "def f(xs):\n    out = [[]]\n    for x in xs:\n        out += [s + [x] for s in out]\n    return out\n",
)
add(
    "subset_sum_rec",
    "2^n",
    "n",
    INTS,
    "def f(xs):\n    def go(i, left):\n        if i == len(xs):\n            return left == 0\n        return go(i + 1, left) or go(i + 1, left - xs[i])\n    return go(0, -1)\n",
)
add(
    "bitmask_loop",
    "2^n",
    "1",
    "lambda n, rng: ([rng.randrange(99) for _ in range(n)],)",
    "def f(xs):\n    best = 0\n    for mask in range(1 << len(xs)):\n        s = 0\n        for i in range(len(xs)):\n            if mask >> i & 1:\n                s += xs[i]\n        best = max(best, s)\n    return best\n",
)
add(
    "hanoi_moves",
    "2^n",
    "2^n",
    NUMBER,
    "def f(n, a='A', b='B', c='C'):\n    if n == 0:\n        return []\n    return f(n - 1, a, c, b) + [(a, c)] + f(n - 1, b, a, c)\n",
)
add(
    "product_bits",
    "2^n",
    "1",
    NUMBER,
    "from itertools import product\ndef f(n):\n    return sum(1 for p in product((0, 1), repeat=n) if sum(p) * 2 == n)\n",
)
add(
    "parens",
    "2^n",
    "2^n",
    NUMBER,
    "def f(n):\n    out = []\n    def go(s, o, c):\n        if len(s) == 2 * n:\n            out.append(s)\n            return\n        if o < n:\n            go(s + '(', o + 1, c)\n        if c < o:\n            go(s + ')', o, c + 1)\n    go('', 0, 0)\n    return out\n",
)
add(
    "permute_rec",
    "n!",
    "n!",
    INTS,
    "def f(xs):\n    if not xs:\n        return [[]]\n    out = []\n    for i in range(len(xs)):\n        for p in f(xs[:i] + xs[i + 1:]):\n            out.append([xs[i]] + p)\n    return out\n",
)
add(
    "itertools_permutations",
    "n!",
    "1",
    INTS,
    "from itertools import permutations\ndef f(xs):\n    best = 0\n    for p in permutations(xs):\n        if p[0] > best:\n            best = p[0]\n    return best\n",
)
add(
    "tsp_brute",
    "n!",
    "n",
    GRID,
    """
from itertools import permutations
def f(d):
    n = len(d)
    best = float('inf')
    for p in permutations(range(1, n)):
        c, u = 0, 0
        for v in p:
            c += d[u][v]
            u = v
        best = min(best, c + d[u][0])
    return best
""",
)
add(
    "swap_permute",
    "n!",
    "n",
    INTS,
    "def f(xs):\n    count = 0\n    def go(k):\n        nonlocal count\n        if k == len(xs):\n            count += 1\n            return\n        for i in range(k, len(xs)):\n            xs[k], xs[i] = xs[i], xs[k]\n            go(k + 1)\n            xs[k], xs[i] = xs[i], xs[k]\n    go(0)\n    return count\n",
)

# --- two sizes ---------------------------------------------------------------------------------
add(
    "pairs_equal",
    "n*m",
    "1",
    TWO_LISTS,
    "def f(a, b):\n    return sum(1 for x in a for y in b if x == y)\n",
)
add(
    "lcs_table",
    "n*m",
    "n*m",
    "lambda n, m, rng: (''.join(rng.choice('ab') for _ in range(n)), ''.join(rng.choice('ab') for _ in range(m)))",
    "def f(a, b):\n    d = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]\n    for i in range(len(a)):\n        for j in range(len(b)):\n            d[i + 1][j + 1] = d[i][j] + 1 if a[i] == b[j] else max(d[i][j + 1], d[i + 1][j])\n    return d[-1][-1]\n",
)
add(
    "set_intersection",
    "n+m",
    "n+m",
    TWO_LISTS.replace("999", "10**9"),
    "def f(a, b):\n    return sorted(set(a) & set(b)), len(set(a) | set(b))\n",
)
add(
    "filter_in_list",
    "n*m",
    "n",
    TWO_LISTS.replace("999", "10**9"),
    "def f(a, b):\n    return [x for x in a if x not in b]\n",
)
add(
    "filter_in_set",
    "n+m",
    "n+m",
    TWO_LISTS.replace("999", "10**9"),
    "def f(a, b):\n    s = set(b)\n    return [x for x in a if x not in s]\n",
)
add(
    "queries_bisect",
    "n log m",
    "n",
    "lambda n, m, rng: ([rng.randrange(10 * m) for _ in range(n)], sorted(rng.randrange(10 * m) for _ in range(m)))",
    "from bisect import bisect_left\ndef f(q, xs):\n    return [bisect_left(xs, t) for t in q]\n",
)
add(
    "merge_two",
    "n+m",
    "n+m",
    "lambda n, m, rng: (sorted(rng.random() for _ in range(n)), sorted(rng.random() for _ in range(m)))",
    "def f(a, b):\n    out = []\n    i = j = 0\n    while i < len(a) or j < len(b):\n        if j == len(b) or (i < len(a) and a[i] <= b[j]):\n            out.append(a[i]); i += 1\n        else:\n            out.append(b[j]); j += 1\n    return out\n",
)
add(
    "naive_find",
    "n*m",
    "1",
    "lambda n, m, rng: ('a' * (n + m), 'a' * m + 'b')",
    "def f(s, p):\n    for i in range(len(s) - len(p) + 1):\n        k = 0\n        while k < len(p) and s[i + k] == p[k]:\n            k += 1\n        if k == len(p):\n            return i\n    return -1\n",
)
add(
    "knapsack",
    "n*m",
    "m",
    "lambda n, m, rng: ([rng.randrange(1, 9) for _ in range(n)], m)",
    "def f(w, cap):\n    d = [False] * (cap + 1)\n    d[0] = True\n    for x in w:\n        for c in range(cap, x - 1, -1):\n            d[c] = d[c] or d[c - x]\n    return d[cap]\n",
)
add(
    "grid_sum",
    "n*m",
    "1",
    "lambda n, m, rng: ([[rng.randrange(9) for _ in range(m)] for _ in range(n)],)",
    "def f(g):\n    t = 0\n    for r in g:\n        for x in r:\n            t += x\n    return t\n",
)
add(
    "sort_a_scan_b",
    "n log n+m",
    "n",
    TWO_LISTS,
    "def f(a, b):\n    a = sorted(a)\n    t = 0\n    for x in b:\n        t += x\n    return a[0] + t\n",
)
add("sort_both", "(n+m) log(n+m)", "n+m", TWO_LISTS, "def f(a, b):\n    return sorted(a + b)\n")
add(
    "only_first",
    "n",
    "1",
    TWO_LISTS,
    "def f(a, b):\n    s = 0\n    for x in a:\n        s += x\n    return s\n",
)
add(
    "top_m_heap",
    "(n+m) log m",
    "m",
    "lambda n, m, rng: (list(range(n + m)), m)",
    "import heapq\ndef f(xs, k):\n    h = []\n    for x in xs:\n        heapq.heappush(h, x)\n        if len(h) > k:\n            heapq.heappop(h)\n    return h[0]\n",
)
add(
    "graph_components",
    "n+m",
    "n+m",
    "lambda n, m, rng: (n, [(rng.randrange(n), rng.randrange(n)) for _ in range(m)])",
    "def f(n, edges):\n    g = {i: [] for i in range(n)}\n    for a, b in edges:\n        g[a].append(b)\n        g[b].append(a)\n    seen = set()\n    k = 0\n    for s in g:\n        if s in seen:\n            continue\n        k += 1\n        st = [s]\n        seen.add(s)\n        while st:\n            u = st.pop()\n            for v in g[u]:\n                if v not in seen:\n                    seen.add(v)\n                    st.append(v)\n    return k\n",
)
add(
    "coin_ways",
    "n*m",
    "m",
    "lambda n, m, rng: ([rng.randrange(1, 5) for _ in range(n)], m)",
    "def f(coins, t):\n    w = [1] + [0] * t\n    for c in coins:\n        for i in range(c, t + 1):\n            w[i] = (w[i] + w[i - c]) % 1000007\n    return w[t]\n",
)

add(
    "two_names_for_one_place",
    "O(n)",
    "O(n)",
    WORD,
    """
def f(s):
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
)
add(
    "set_bits_of_a_word",
    "O(1)",
    "O(1)",
    NUMBER,
    """
def f(x):
    return sum(1 for i in range(48) if x >> i & 1)
""",
)
add(
    "halvings_kept",
    "O(log n)",
    "O(log n)",
    NUMBER,
    """
def f(x):
    kept = []
    while x:
        kept.append(x)
        x //= 2
    return kept
""",
)
add(
    "position_of_the_largest",
    "O(n)",
    "O(1)",
    INTS,
    """
def f(xs):
    best, at = -1, None
    for i, x in enumerate(xs):
        if x > best:
            best, at = x, i
    return at, best
""",
)
