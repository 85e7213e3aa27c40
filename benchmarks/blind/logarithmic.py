"""O(log n) and O(sqrt n)."""

from benchmarks.blind.rows import NUMBER, PRIME, Row, row

ROTATED = "lambda n, rng: (list(range(n // 3, n)) + list(range(n // 3)),)"
BALANCED_TREE = (
    "lambda n, rng: ((lambda b: b(b, 0, n))(lambda b, lo, hi: None if lo >= hi else"
    " ((lo + hi) // 2, b(b, lo, (lo + hi) // 2), b(b, (lo + hi) // 2 + 1, hi))), -1)"
)

ROWS: list[Row] = [
    row(
        "lower_bound",
        "O(log n)",
        "O(1)",
        "search",
        "lambda n, rng: (list(range(0, 2 * n, 2)), rng.randrange(2 * n))",
        """
def first_not_less(values, target):
    lo, hi = 0, len(values)
    while lo < hi:
        mid = lo + (hi - lo) // 2
        if values[mid] < target:
            lo = mid + 1
        else:
            hi = mid
    return lo
""",
    ),
    row(
        "count_in_window",
        "O(log n)",
        "O(1)",
        "bisect c-hidden",
        "lambda n, rng: (list(range(n)), n // 4, n // 2)",
        '''
from bisect import bisect_left, bisect_right


def count_between(times: list[int], start: int, end: int) -> int:
    """How many of the sorted `times` lie in [start, end]."""
    return bisect_right(times, end) - bisect_left(times, start)
''',
    ),
    row(
        "digit_sum",
        "O(log n)",
        "O(1)",
        "numbers",
        NUMBER,
        """
def digit_sum(n):
    total = 0
    while n > 0:
        n, digit = divmod(n, 10)
        total += digit
    return total
""",
    ),
    row(
        "base_digits",
        "O(log n)",
        "O(log n)",
        "numbers",
        NUMBER,
        """
def to_base(number, base=3):
    if number == 0:
        return [0]
    digits = []
    while number:
        digits.append(number % base)
        number //= base
    digits.reverse()
    return digits
""",
    ),
    row(
        "power_mod_rec",
        "O(log n)",
        "O(log n)",
        "recursion numbers",
        "lambda n, rng: (7, n)",
        """
MOD = 998244353


def power(base, exponent):
    if exponent == 0:
        return 1
    half = power(base, exponent // 2)
    result = half * half % MOD
    if exponent % 2 == 1:
        result = result * base % MOD
    return result
""",
    ),
    row(
        "next_capacity",
        "O(log n)",
        "O(1)",
        "doubling",
        NUMBER,
        """
def table_size(entries):
    size, rehashes = 8, 0
    while size * 3 < entries * 4:
        size <<= 1
        rehashes += 1
    return size, rehashes
""",
    ),
    row(
        "euclid_golden",
        "O(log n)",
        "O(1)",
        "numbers",
        "lambda n, rng: (n, int(n * 0.6180339887498949) + 1)",
        """
def greatest_common_divisor(a, b):
    while b:
        a, b = b, a % b
    return a
""",
    ),
    row(
        "heap_push_min",
        "O(log n)",
        "",
        "heapq c-hidden",
        "lambda n, rng: (list(range(1, n + 1)), 0)",
        """
import heapq


def schedule(queue, job):
    heapq.heappush(queue, job)
    return queue[0]
""",
    ),
    row(
        "heap_pop_one",
        "O(log n)",
        "O(1)",
        "heapq c-hidden",
        "lambda n, rng: (list(range(n)),)",
        """
from heapq import heappop


def take_most_urgent(tasks):
    if not tasks:
        return None
    return heappop(tasks)
""",
    ),
    row(
        "rotated_minimum",
        "O(log n)",
        "O(1)",
        "search",
        ROTATED,
        """
def find_rotation(nums):
    left, right = 0, len(nums) - 1
    while left < right:
        mid = (left + right) // 2
        if nums[mid] > nums[right]:
            left = mid + 1
        else:
            right = mid
    return left
""",
    ),
    row(
        "peak_rec",
        "O(log n)",
        "O(log n)",
        "recursion search",
        "lambda n, rng: (list(range(n)),)",
        """
def find_peak(heights):
    def search(lo, hi):
        if lo == hi:
            return lo
        mid = (lo + hi) // 2
        if heights[mid] < heights[mid + 1]:
            return search(mid + 1, hi)
        return search(lo, mid)

    return search(0, len(heights) - 1)
""",
    ),
    row(
        "isqrt_bisect",
        "O(log n)",
        "O(1)",
        "numbers search",
        NUMBER,
        """
def integer_sqrt(n):
    low, high = 0, n
    answer = 0
    while low <= high:
        mid = (low + high) // 2
        if mid * mid <= n:
            answer = mid
            low = mid + 1
        else:
            high = mid - 1
    return answer
""",
    ),
    row(
        "fenwick_query",
        "O(log n)",
        "O(1)",
        "fenwick bits",
        "lambda n, rng: ([rng.randrange(9) for _ in range(n + 1)],"
        " (1 << (n.bit_length() - 1)) - 1)",
        """
def prefix_sum(tree, index):
    total = 0
    while index > 0:
        total += tree[index]
        index -= index & -index
    return total
""",
    ),
    row(
        "fib_fast_doubling",
        "O(log n)",
        "O(log n)",
        "fibonacci recursion",
        NUMBER,
        '''
MOD = 10**9 + 7


def fib_mod(n: int) -> int:
    """n-th Fibonacci number modulo MOD by fast doubling."""

    def pair(k):
        if k == 0:
            return 0, 1
        a, b = pair(k >> 1)
        c = a * (2 * b - a) % MOD
        d = (a * a + b * b) % MOD
        return (d, (c + d) % MOD) if k & 1 else (c, d)

    return pair(n)[0]
''',
    ),
    row(
        "fib_matrix_mod",
        "O(log n)",
        "O(1)",
        "fibonacci matrix",
        NUMBER,
        """
def mat_mul(x, y, mod):
    return [
        [sum(x[i][k] * y[k][j] for k in range(2)) % mod for j in range(2)]
        for i in range(2)
    ]


def fibonacci(n, mod=1000003):
    result = [[1, 0], [0, 1]]
    base = [[1, 1], [1, 0]]
    while n:
        if n & 1:
            result = mat_mul(result, base, mod)
        base = mat_mul(base, base, mod)
        n >>= 1
    return result[0][1]
""",
    ),
    row(
        "heap_ancestors",
        "O(log n)",
        "O(log n)",
        "trees",
        NUMBER,
        """
def ancestors(node):
    path = []
    while node >= 1:
        path.append(node)
        node //= 2
    return path
""",
    ),
    row(
        "balanced_tree_find",
        "O(log n)",
        "O(1)",
        "trees bst",
        BALANCED_TREE,
        """
def contains(tree, wanted):
    while tree is not None:
        key, left, right = tree
        if key == wanted:
            return True
        tree = left if wanted < key else right
    return False
""",
    ),
    row(
        "peasant_multiply",
        "O(log n)",
        "O(1)",
        "bits",
        "lambda n, rng: (n, rng.randrange(1000))",
        """
def multiply(a, b):
    product = 0
    while a > 0:
        if a & 1:
            product += b
        a >>= 1
        b += b
    return product % 1000000007
""",
    ),
    row(
        "kernighan_ones",
        "O(log n)",
        "O(1)",
        "bits",
        "lambda n, rng: ((1 << n.bit_length()) - 1,)",
        """
def count_ones(x):
    count = 0
    while x:
        x &= x - 1
        count += 1
    return count
""",
    ),
    row(
        "galloping_search",
        "O(log n)",
        "O(1)",
        "search bisect",
        "lambda n, rng: (list(range(n)), n - 1)",
        """
import bisect


def gallop(sequence, target):
    bound = 1
    while bound < len(sequence) and sequence[bound] < target:
        bound *= 2
    return bisect.bisect_left(sequence, target, bound // 2, min(bound + 1, len(sequence)))
""",
    ),
    row(
        "josephus_two",
        "O(log n)",
        "O(log n)",
        "recursion",
        NUMBER,
        """
def survivor(people):
    if people == 1:
        return 1
    if people % 2 == 0:
        return 2 * survivor(people // 2) - 1
    return 2 * survivor(people // 2) + 1
""",
    ),
    row(
        "ternary_search",
        "O(log n)",
        "O(1)",
        "search",
        NUMBER,
        """
def best_price(limit):
    def revenue(price):
        return price * (limit - price)

    lo, hi = 0, limit
    while hi - lo > 2:
        third = (hi - lo) // 3
        a, b = lo + third, hi - third
        if revenue(a) < revenue(b):
            lo = a
        else:
            hi = b
    return max(range(lo, hi + 1), key=revenue)
""",
    ),
    row(
        "excel_column",
        "O(log n)",
        "",
        "strings numbers",
        NUMBER,
        """
def column_name(index):
    letters = []
    while index:
        index, rest = divmod(index - 1, 26)
        letters.append(chr(65 + rest))
    return "".join(reversed(letters))
""",
    ),
    row(
        "tournament_rounds",
        "O(log n)",
        "O(1)",
        "generators",
        NUMBER,
        """
def rounds(players):
    while players > 1:
        players = (players + 1) // 2
        yield players


def count_matches(players):
    return sum(remaining for remaining in rounds(players))
""",
    ),
    row(
        "guess_game",
        "O(log n)",
        "O(1)",
        "class search",
        "lambda n, rng: (n, 0)",
        """
class Oracle:
    def __init__(self, secret):
        self.secret = secret
        self.asked = 0

    def compare(self, guess):
        self.asked += 1
        return (guess > self.secret) - (guess < self.secret)


def play(limit, secret):
    oracle = Oracle(secret)
    low, high = 0, limit
    while True:
        guess = (low + high) // 2
        answer = oracle.compare(guess)
        if answer == 0:
            return oracle.asked
        if answer > 0:
            high = guess - 1
        else:
            low = guess + 1
""",
    ),
    # ------------------------------------------------------------------ O(sqrt n)
    row(
        "prime_trial",
        "O(sqrt n)",
        "O(1)",
        "numbers",
        PRIME,
        """
def is_prime(n):
    if n < 2:
        return False
    i = 2
    while i * i <= n:
        if n % i == 0:
            return False
        i += 1
    return True
""",
    ),
    row(
        "prime_trial_six",
        "O(sqrt n)",
        "O(1)",
        "numbers",
        PRIME,
        '''
import math


def is_prime(n: int) -> bool:
    """Trial division by 2, 3 and numbers of the form 6k +- 1."""
    if n <= 3:
        return n > 1
    if n % 2 == 0 or n % 3 == 0:
        return False
    for k in range(5, math.isqrt(n) + 1, 6):
        if n % k == 0 or n % (k + 2) == 0:
            return False
    return True
''',
    ),
    row(
        "divisor_count",
        "O(sqrt n)",
        "O(1)",
        "numbers",
        NUMBER,
        """
def count_divisors(n):
    count = 0
    d = 1
    while d * d <= n:
        if n % d == 0:
            count += 1 if d * d == n else 2
        d += 1
    return count
""",
    ),
    row(
        "divisor_sum_gen",
        "O(sqrt n)",
        "O(1)",
        "numbers generators",
        NUMBER,
        """
from math import isqrt


def divisor_pairs(n):
    for d in range(1, isqrt(n) + 1):
        if n % d == 0:
            yield d
            if d != n // d:
                yield n // d


def is_perfect(n):
    return sum(divisor_pairs(n)) == 2 * n
""",
    ),
    row(
        "square_by_odds",
        "O(sqrt n)",
        "O(1)",
        "numbers",
        NUMBER,
        """
def is_square(n):
    odd = 1
    while n > 0:
        n -= odd
        odd += 2
    return n == 0
""",
    ),
    row(
        "coin_staircase",
        "O(sqrt n)",
        "O(1)",
        "numbers",
        NUMBER,
        """
def full_rows(coins):
    row = 0
    while coins >= row + 1:
        row += 1
        coins -= row
    return row
""",
    ),
    row(
        "two_squares",
        "O(sqrt n)",
        "O(1)",
        "numbers c-hidden",
        "lambda n, rng: (4 * n + 3,)",
        """
import math


def is_sum_of_two_squares(n):
    for a in range(math.isqrt(n) + 1):
        rest = n - a * a
        b = math.isqrt(rest)
        if b * b == rest:
            return True
    return False
""",
    ),
    row(
        "jump_search",
        "O(sqrt n)",
        "O(1)",
        "search",
        "lambda n, rng: (list(range(n)), n)",
        """
def jump_search(arr, x):
    n = len(arr)
    step = int(n ** 0.5) or 1
    block = 0
    while block + step < n and arr[block + step] <= x:
        block += step
    for i in range(block, min(block + step, n)):
        if arr[i] == x:
            return i
    return -1
""",
    ),
    row(
        "lattice_pairs",
        "O(sqrt n)",
        "O(1)",
        "two-pointers numbers",
        NUMBER,
        '''
import math


def points_in_circle(r2):
    """Lattice points (x, y), x, y >= 0, with x*x + y*y <= r2."""
    y = math.isqrt(r2)
    points = 0
    for x in range(math.isqrt(r2) + 1):
        while x * x + y * y > r2:
            y -= 1
        points += y + 1
    return points
''',
    ),
    row(
        "shrinking_recursion",
        "O(sqrt n)",
        "O(sqrt n)",
        "recursion",
        NUMBER,
        """
import sys

sys.setrecursionlimit(50000)


def levels(blocks, width=1):
    if blocks < width:
        return 0
    return 1 + levels(blocks - width, width + 1)
""",
    ),
    row(
        "squares_upto",
        "O(sqrt n)",
        "O(sqrt n)",
        "numbers",
        NUMBER,
        """
def squares_upto(limit):
    found = []
    i = 0
    while i * i <= limit:
        found.append(i * i)
        i += 1
    return found
""",
    ),
    row(
        "takewhile_roots",
        "O(sqrt n)",
        "O(1)",
        "itertools",
        NUMBER,
        """
from itertools import count, takewhile


def sum_roots(n):
    return sum(takewhile(lambda i: i * i <= n, count(1)))
""",
    ),
    row(
        "bulbs_toggled",
        "O(sqrt n)",
        "O(1)",
        "numbers",
        NUMBER,
        """
def bulbs_on(n):
    on = 0
    total = 0
    while True:
        total += 2 * on + 1
        if total > n:
            return on
        on += 1
""",
    ),
]
