"""O(2^n) and O(n!): the lattice has no classes between, so polynomial factors are dropped and
Fibonacci's base 1.618 counts as 2^n. Sizes in the inputs are the n itself."""

from benchmarks.blind.rows import LETTERS, NUMBER, Row, row

SMALL = "lambda n, rng: ([rng.randrange(1, 100) for _ in range(n)],)"
COSTS = "lambda n, rng: ([[rng.randrange(1, 100) for _ in range(n)] for _ in range(n)],)"

ROWS: list[Row] = [
    row(
        "fib_naive",
        "O(2^n)",
        "O(n)",
        "fibonacci recursion",
        NUMBER,
        """
def fibonacci(n: int) -> int:
    if n <= 1:
        return n
    return fibonacci(n - 1) + fibonacci(n - 2)
""",
    ),
    row(
        "hanoi_moves",
        "O(2^n)",
        "O(2^n)",
        "recursion",
        NUMBER,
        """
def hanoi(disks, source="A", target="C", spare="B"):
    if disks == 0:
        return []
    moves = hanoi(disks - 1, source, spare, target)
    moves.append((source, target))
    moves.extend(hanoi(disks - 1, spare, target, source))
    return moves
""",
    ),
    row(
        "subset_sum_rec",
        "O(2^n)",
        "O(n)",
        "recursion subsets",
        "lambda n, rng: ([2 * rng.randrange(1, 99) for _ in range(n)], 99)",
        """
def subset_sum(numbers, target):
    def search(i, remaining):
        if i == len(numbers):
            return remaining == 0
        return search(i + 1, remaining - numbers[i]) or search(i + 1, remaining)

    return search(0, target)
""",
    ),
    row(
        "powerset_grow",
        "O(2^n)",
        "O(2^n)",
        "subsets",
        SMALL,
        """
def powerset(items):
    subsets = [[]]
    for item in items:
        subsets += [subset + [item] for subset in subsets]
    return subsets
""",
    ),
    row(
        "mask_loop",
        "O(2^n)",
        "O(1)",
        "subsets bits",
        SMALL,
        """
def count_even_masks(weights):
    n = len(weights)
    even = 0
    for mask in range(1 << n):
        low = (mask & -mask).bit_length() - 1
        even += low >= 0 and weights[low] % 2 == 0
    return even
""",
    ),
    row(
        "gray_codes",
        "O(2^n)",
        "O(2^n)",
        "bits",
        NUMBER,
        """
def gray_code(bits):
    codes = [0]
    for i in range(bits):
        codes += [code | 1 << i for code in reversed(codes)]
    return codes
""",
    ),
    row(
        "product_bits",
        "O(2^n)",
        "O(n)",
        "itertools subsets c-hidden",
        NUMBER,
        """
from itertools import product


def balanced_strings(length):
    return sum(1 for bits in product((0, 1), repeat=length) if sum(bits) * 2 == length)
""",
    ),
    row(
        "combinations_all_sizes",
        "O(2^n)",
        "O(n)",
        "itertools subsets",
        SMALL,
        """
from itertools import chain, combinations


def best_subset(values, limit=150):
    every = chain.from_iterable(
        combinations(values, size) for size in range(len(values) + 1)
    )
    best = 0
    for chosen in every:
        total = sum(chosen)
        if best < total <= limit:
            best = total
    return best
""",
    ),
    row(
        "knapsack_brute",
        "O(2^n)",
        "O(n)",
        "recursion subsets",
        "lambda n, rng: ([1] * n, [rng.randrange(1, 50) for _ in range(n)], n)",
        """
def knapsack(weights, values, capacity, index=0):
    if index == len(weights):
        return 0
    skip = knapsack(weights, values, capacity, index + 1)
    if weights[index] > capacity:
        return skip
    take = values[index] + knapsack(weights, values, capacity - weights[index], index + 1)
    return max(skip, take)
""",
    ),
    row(
        "climb_stairs_naive",
        "O(2^n)",
        "O(n)",
        "recursion fibonacci",
        NUMBER,
        """
def climb(steps):
    if steps == 0:
        return 1
    if steps < 0:
        return 0
    return climb(steps - 1) + climb(steps - 2)
""",
    ),
    row(
        "doubling_text",
        "O(2^n)",
        "O(2^n)",
        "strings c-hidden",
        NUMBER,
        """
def echo(times):
    text = "ab"
    for _ in range(times):
        text = text + text
    return len(text)
""",
    ),
    row(
        "case_variants",
        "O(2^n)",
        "O(2^n)",
        "strings recursion",
        LETTERS,
        """
def case_variants(word):
    if not word:
        return [""]
    rest = case_variants(word[1:])
    first = word[0]
    return [first.lower() + r for r in rest] + [first.upper() + r for r in rest]
""",
    ),
    row(
        "tsp_held_karp",
        "O(2^n)",
        "O(2^n)",
        "dp bits graph",
        COSTS,
        """
def shortest_tour(cost):
    n = len(cost)
    inf = float("inf")
    dp = [[inf] * n for _ in range(1 << n)]
    dp[1][0] = 0
    for mask in range(1, 1 << n):
        for last in range(n):
            here = dp[mask][last]
            if here == inf:
                continue
            for nxt in range(n):
                if not mask >> nxt & 1:
                    new = mask | 1 << nxt
                    dp[new][nxt] = min(dp[new][nxt], here + cost[last][nxt])
    full = (1 << n) - 1
    return min(dp[full][last] + cost[last][0] for last in range(n))
""",
    ),
    # ------------------------------------------------------------------- O(n!)
    row(
        "tsp_permutations",
        "O(n!)",
        "",
        "itertools graph permutations",
        COSTS,
        """
from itertools import permutations


def brute_force_tour(cost):
    n = len(cost)
    best = float("inf")
    for order in permutations(range(1, n)):
        length = 0
        here = 0
        for city in order:
            length += cost[here][city]
            here = city
        best = min(best, length + cost[here][0])
    return best
""",
    ),
    row(
        "permute_swap",
        "O(n!)",
        "",
        "recursion backtracking permutations",
        SMALL,
        '''
def count_good_orders(items):
    """Orders of `items` whose first element is at most the last one."""
    items = list(items)

    def place(k):
        if k == len(items):
            return int(items[0] <= items[-1])
        total = 0
        for i in range(k, len(items)):
            items[k], items[i] = items[i], items[k]
            total += place(k + 1)
            items[k], items[i] = items[i], items[k]
        return total

    return place(0)
''',
    ),
    row(
        "laplace_determinant",
        "O(n!)",
        "",
        "recursion matrix",
        COSTS,
        """
def det(matrix):
    if len(matrix) == 1:
        return matrix[0][0]
    total = 0
    for col, value in enumerate(matrix[0]):
        minor = [line[:col] + line[col + 1:] for line in matrix[1:]]
        total += (-1) ** col * value * det(minor)
    return total
""",
    ),
    row(
        "all_anagrams",
        "O(n!)",
        "O(n!)",
        "strings recursion permutations",
        "lambda n, rng: ('abcdefghijklmnopqrstuvwxyz'[:n],)",
        """
def anagrams(word):
    if len(word) <= 1:
        return [word]
    result = []
    for i, letter in enumerate(word):
        for rest in anagrams(word[:i] + word[i + 1:]):
            result.append(letter + rest)
    return result
""",
    ),
    row(
        "assignment_backtrack",
        "O(n!)",
        "",
        "backtracking set permutations",
        COSTS,
        """
def cheapest_assignment(cost, worker=0, used=None):
    if used is None:
        used = set()
    if worker == len(cost):
        return 0
    best = float("inf")
    for job in range(len(cost)):
        if job not in used:
            used.add(job)
            best = min(best, cost[worker][job] + cheapest_assignment(cost, worker + 1, used))
            used.remove(job)
    return best
""",
    ),
]
