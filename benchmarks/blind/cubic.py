"""O(n^3)."""

from benchmarks.blind.rows import INTS, MATRIX, NUMBER, SAME_LETTER, Row, row

ROWS: list[Row] = [
    row(
        "matmul_loops",
        "O(n^3)",
        "O(n^2)",
        "matrix",
        MATRIX,
        """
def multiply(a):
    n = len(a)
    product = [[0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            cell = 0
            for k in range(n):
                cell += a[i][k] * a[k][j]
            product[i][j] = cell
    return product
""",
    ),
    row(
        "matmul_zip",
        "O(n^3)",
        "O(n^2)",
        "matrix c-hidden",
        MATRIX,
        """
def square(matrix):
    columns = list(zip(*matrix))
    return [[sum(x * y for x, y in zip(row, col)) for col in columns] for row in matrix]
""",
    ),
    row(
        "floyd_warshall",
        "O(n^3)",
        "O(n^2)",
        "graph",
        MATRIX,
        """
def all_pairs(weights):
    dist = [line[:] for line in weights]
    nodes = range(len(dist))
    for via in nodes:
        for a in nodes:
            for b in nodes:
                through = dist[a][via] + dist[via][b]
                if through < dist[a][b]:
                    dist[a][b] = through
    return dist
""",
    ),
    row(
        "triples_combinations",
        "O(n^3)",
        "O(n)",
        "itertools",
        INTS,
        """
from itertools import combinations


def count_triples(values):
    return sum(1 for a, b, c in combinations(values, 3) if a + b == c)
""",
    ),
    row(
        "pair_sum_in_list",
        "O(n^3)",
        "O(1)",
        "accidental c-hidden",
        "lambda n, rng: ([2 * rng.randrange(10 * n) + 1 for _ in range(n)],)",
        """
def sum_triples(numbers):
    found = 0
    for x in numbers:
        for y in numbers:
            if x + y in numbers:
                found += 1
    return found
""",
    ),
    row(
        "matrix_chain",
        "O(n^3)",
        "O(n^2)",
        "dp",
        "lambda n, rng: ([rng.randrange(1, 50) for _ in range(n + 1)],)",
        """
def matrix_chain(dims):
    n = len(dims) - 1
    cost = [[0] * n for _ in range(n)]
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            cost[i][j] = float("inf")
            for k in range(i, j):
                c = cost[i][k] + cost[k + 1][j] + dims[i] * dims[k + 1] * dims[j + 1]
                if c < cost[i][j]:
                    cost[i][j] = c
    return cost[0][n - 1]
""",
    ),
    row(
        "burst_balloons_memo",
        "O(n^3)",
        "O(n^2)",
        "dp memo recursion functools",
        "lambda n, rng: ([rng.randrange(1, 9) for _ in range(n)],)",
        """
from functools import lru_cache


def max_coins(balloons):
    nums = [1] + balloons + [1]

    @lru_cache(None)
    def best(left, right):
        if left + 1 == right:
            return 0
        return max(
            best(left, k) + nums[left] * nums[k] * nums[right] + best(k, right)
            for k in range(left + 1, right)
        )

    return best(0, len(nums) - 1)
""",
    ),
    row(
        "every_substring",
        "O(n^3)",
        "O(n^3)",
        "strings slice c-hidden",
        "lambda n, rng: (''.join(chr(0x4e00 + i) for i in range(n)),)",
        """
def substrings(s):
    return {s[i:j] for i in range(len(s)) for j in range(i + 1, len(s) + 1)}
""",
    ),
    row(
        "palindromes_brute",
        "O(n^3)",
        "O(n)",
        "strings slice",
        SAME_LETTER,
        """
def count_palindromes(text):
    total = 0
    for i in range(len(text)):
        for j in range(i, len(text)):
            piece = text[i:j + 1]
            if piece == piece[::-1]:
                total += 1
    return total
""",
    ),
    row(
        "max_segment_brute",
        "O(n^3)",
        "O(n)",
        "slice c-hidden",
        "lambda n, rng: ([rng.randrange(-50, 50) for _ in range(n)],)",
        """
def max_segment(values):
    best = values[0]
    for start in range(len(values)):
        for stop in range(start + 1, len(values) + 1):
            best = max(best, sum(values[start:stop]))
    return best
""",
    ),
    row(
        "triangles_in_graph",
        "O(n^3)",
        "O(1)",
        "graph",
        "lambda n, rng: ([[int(i != j) for j in range(n)] for i in range(n)],)",
        """
def count_triangles(adjacent):
    n = len(adjacent)
    triangles = 0
    for a in range(n):
        for b in range(a):
            if not adjacent[a][b]:
                continue
            for c in range(b):
                if adjacent[a][c] and adjacent[b][c]:
                    triangles += 1
    return triangles
""",
    ),
    row(
        "gaussian_elimination",
        "O(n^3)",
        "O(n^2)",
        "matrix floats",
        "lambda n, rng: ([[rng.random() + (n if i == j else 0) for j in range(n)]"
        " for i in range(n)],)",
        """
def determinant(matrix):
    a = [row[:] for row in matrix]
    n = len(a)
    det = 1.0
    for col in range(n):
        pivot = max(range(col, n), key=lambda r: abs(a[r][col]))
        if a[pivot][col] == 0:
            return 0.0
        if pivot != col:
            a[col], a[pivot] = a[pivot], a[col]
            det = -det
        det = det * a[col][col] % 1e9
        for r in range(col + 1, n):
            factor = a[r][col] / a[col][col]
            for c in range(col, n):
                a[r][c] -= factor * a[col][c]
    return det
""",
    ),
    row(
        "pythagorean_triples",
        "O(n^3)",
        "O(1)",
        "numbers nested",
        NUMBER,
        """
def pythagorean(limit):
    count = 0
    for a in range(1, limit):
        for b in range(a, limit):
            for c in range(b, limit):
                if a * a + b * b == c * c:
                    count += 1
    return count
""",
    ),
    row(
        "optimal_bst",
        "O(n^3)",
        "O(n^2)",
        "dp slice",
        INTS,
        """
def optimal_bst(freq):
    n = len(freq)
    best = {}
    for i in range(n + 1):
        best[i, i] = 0
    for size in range(1, n + 1):
        for i in range(n - size + 1):
            j = i + size
            weight = sum(freq[i:j])
            best[i, j] = weight + min(best[i, r] + best[r + 1, j] for r in range(i, j))
    return best[0, n]
""",
    ),
    row(
        "segmentations",
        "O(n^3)",
        "O(n)",
        "dp strings slice set",
        "lambda n, rng: ('a' * n, {'a', 'ab'})",
        """
def count_segmentations(text, words):
    ways = [0] * (len(text) + 1)
    ways[0] = 1
    for end in range(1, len(text) + 1):
        for start in range(end):
            if text[start:end] in words:
                ways[end] = (ways[end] + ways[start]) % 1000003
    return ways[-1]
""",
    ),
]
