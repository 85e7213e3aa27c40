"""O(1): the size of the input does not matter."""

from benchmarks.blind.rows import INTS, LETTERS, MATRIX, NUMBER, Row, row

ROWS: list[Row] = [
    row(
        "power_of_two_mask",
        "O(1)",
        "O(1)",
        "bits",
        NUMBER,
        """
def is_power_of_two(value):
    return value > 0 and value & (value - 1) == 0
""",
    ),
    row(
        "leap_year",
        "O(1)",
        "O(1)",
        "dates",
        NUMBER,
        '''
def is_leap(year: int) -> bool:
    """Return True when `year` is a leap year in the Gregorian calendar."""
    if year % 400 == 0:
        return True
    if year % 100 == 0:
        return False
    return year % 4 == 0
''',
    ),
    row(
        "catalog_price",
        "O(1)",
        "O(1)",
        "data dict",
        "lambda n, rng: ({i: i * 3 for i in range(n)}, rng.randrange(n), 4)",
        """
def quote(catalog, sku, quantity):
    price = catalog.get(sku)
    if price is None:
        raise KeyError(sku)
    total = price * quantity
    if quantity >= 10:
        total = total * 9 // 10
    return total
""",
    ),
    row(
        "swap_ends",
        "O(1)",
        "O(1)",
        "lists",
        INTS,
        """
def swap_ends(items):
    if len(items) > 1:
        items[0], items[-1] = items[-1], items[0]
    return None
""",
    ),
    row(
        "middle_value",
        "O(1)",
        "O(1)",
        "lists",
        INTS,
        """
def middle(values: list[int]) -> float:
    size = len(values)
    half = size // 2
    if size % 2:
        return float(values[half])
    return (values[half - 1] + values[half]) / 2
""",
    ),
    row(
        "alphabet_total",
        "O(1)",
        "O(1)",
        "fixed-loop dict",
        "lambda n, rng: ({chr(97 + i % 26) * (i // 26 + 1): i for i in range(n)},)",
        """
import string


def letter_total(counts):
    total = 0
    for letter in string.ascii_lowercase:
        total += counts.get(letter, 0)
    return total
""",
    ),
    row(
        "det3",
        "O(1)",
        "O(1)",
        "matrix fixed-loop",
        "lambda n, rng: ([[rng.randrange(100) for _ in range(3)] for _ in range(3)], n)",
        """
def determinant(m, scale):
    result = 0
    for i in range(3):
        plus = m[0][i] * m[1][(i + 1) % 3] * m[2][(i + 2) % 3]
        minus = m[2][i] * m[1][(i + 1) % 3] * m[0][(i + 2) % 3]
        result += plus - minus
    return result * scale
""",
    ),
    row(
        "stack_peek",
        "O(1)",
        "O(1)",
        "lists early-return",
        INTS,
        """
def peek(stack, default=None):
    try:
        return stack[-1]
    except IndexError:
        return default
""",
    ),
    row(
        "rotate_deque_once",
        "O(1)",
        "O(1)",
        "collections",
        "lambda n, rng: (__import__('collections').deque(range(n)),)",
        '''
def next_in_turn(players):
    """Move the player in front to the back of the line and return it."""
    player = players.popleft()
    players.append(player)
    return player
''',
    ),
    row(
        "blocked_host",
        "O(1)",
        "O(1)",
        "web set",
        "lambda n, rng: ('example.org', {'host%d.net' % i for i in range(n)})",
        """
def is_allowed(host: str, blocked: set) -> bool:
    host = host.lower().strip(".")
    return host not in blocked and "www." + host not in blocked
""",
    ),
    row(
        "in_range_object",
        "O(1)",
        "O(1)",
        "c-hidden",
        NUMBER,
        """
def on_schedule(limit):
    slots = range(0, limit, 7)
    return limit - 1 in slots or limit // 2 in slots
""",
    ),
    row(
        "series_formula",
        "O(1)",
        "O(1)",
        "math",
        NUMBER,
        """
def series_sums(n):
    first = n * (n + 1) // 2
    squares = n * (n + 1) * (2 * n + 1) // 6
    cubes = first ** 2
    return first, squares, cubes
""",
    ),
    row(
        "zeller",
        "O(1)",
        "O(1)",
        "dates",
        "lambda n, rng: (1600 + n, rng.randrange(1, 13), rng.randrange(1, 29))",
        """
def day_of_week(year, month, day):
    names = ["Sat", "Sun", "Mon", "Tue", "Wed", "Thu", "Fri"]
    if month < 3:
        month += 12
        year -= 1
    century, rest = divmod(year, 100)
    h = (day + 13 * (month + 1) // 5 + rest + rest // 4 + century // 4 + 5 * century) % 7
    return names[h]
""",
    ),
    row(
        "rgb_hex",
        "O(1)",
        "O(1)",
        "format",
        NUMBER,
        """
def to_hex_colour(seed):
    red = seed & 0xFF
    green = (seed >> 8) & 0xFF
    blue = (seed * 31) & 0xFF
    return "#{:02x}{:02x}{:02x}".format(red, green, blue)
""",
    ),
    row(
        "monte_carlo_fixed",
        "O(1)",
        "O(1)",
        "fixed-loop",
        NUMBER,
        """
import random


def estimate_pi(seed: int) -> float:
    rng = random.Random(seed)
    inside = 0
    for _ in range(300):
        x, y = rng.random(), rng.random()
        if x * x + y * y <= 1.0:
            inside += 1
    return 4 * inside / 300
""",
    ),
    row(
        "last_five",
        "O(1)",
        "O(1)",
        "slice c-hidden",
        INTS,
        """
def recent_average(samples):
    tail = samples[-5:]
    if not tail:
        return 0.0
    return sum(tail) / len(tail)
""",
    ),
    row(
        "best_of_first_ten",
        "O(1)",
        "O(1)",
        "heapq c-hidden",
        INTS,
        """
import heapq


def preview(scores):
    page = scores[:10]
    return heapq.nlargest(3, page)
""",
    ),
    row(
        "account_transfer",
        "O(1)",
        "O(1)",
        "class dict",
        "lambda n, rng: ({i: 100 for i in range(n)}, 0, n - 1, 5)",
        """
class Ledger:
    def __init__(self, balances):
        self.balances = balances

    def transfer(self, source, target, amount):
        if self.balances[source] < amount:
            return False
        self.balances[source] -= amount
        self.balances[target] += amount
        return True


def pay(balances, source, target, amount):
    return Ledger(balances).transfer(source, target, amount)
""",
    ),
    row(
        "same_ends",
        "O(1)",
        "O(1)",
        "strings",
        LETTERS,
        """
def starts_like_it_ends(text):
    if not text:
        return True
    return text[0].upper() == text[-1].upper()
""",
    ),
    row(
        "scheme_check",
        "O(1)",
        "O(1)",
        "web strings",
        "lambda n, rng: ('https://' + 'a' * n,)",
        """
def is_secure(url):
    return url.startswith(("https://", "wss://"))
""",
    ),
    row(
        "islice_head",
        "O(1)",
        "O(1)",
        "itertools",
        INTS,
        """
from itertools import islice


def head(rows, limit=8):
    return list(islice(rows, limit)) if limit < 100 else None
""",
    ),
    row(
        "grid_corners",
        "O(1)",
        "O(1)",
        "matrix",
        MATRIX,
        """
def corner_sum(grid):
    last = len(grid) - 1
    corners = {(0, 0), (0, last), (last, 0), (last, last)}
    return sum(grid[r][c] for r, c in corners)
""",
    ),
    row(
        "popcount32",
        "O(1)",
        "O(1)",
        "bits fixed-loop",
        NUMBER,
        """
def popcount32(x):
    count = 0
    for i in range(32):
        if x >> i & 1:
            count += 1
    return count
""",
    ),
    row(
        "header_length",
        "O(1)",
        "O(1)",
        "bytes struct",
        "lambda n, rng: (bytes(8) + bytes(n),)",
        """
import struct


def read_header(data: bytes):
    magic, size = struct.unpack_from("<II", data, 0)
    return {"magic": magic, "size": size, "rest": len(data) - 8}
""",
    ),
    row(
        "page_bounds",
        "O(1)",
        "O(1)",
        "web",
        INTS,
        """
def page_info(items, page=2, size=20):
    pages, rest = divmod(len(items), size)
    if rest:
        pages += 1
    page = max(1, min(page, pages))
    start = (page - 1) * size
    return {"pages": pages, "start": start, "stop": min(start + size, len(items))}
""",
    ),
    row(
        "cache_evict_one",
        "O(1)",
        "O(1)",
        "collections lru",
        "lambda n, rng: (__import__('collections').OrderedDict((i, i) for i in range(n)), -1)",
        """
def remember(cache, key):
    if key in cache:
        cache.move_to_end(key)
    else:
        cache[key] = True
        cache.popitem(last=False)
    return len(cache)
""",
    ),
    row(
        "first_key",
        "O(1)",
        "O(1)",
        "dict",
        "lambda n, rng: ({i: -i for i in range(n)},)",
        """
def any_entry(table):
    for key, value in table.items():
        return key, value
    return None
""",
    ),
    row(
        "triangle_area",
        "O(1)",
        "O(1)",
        "geometry",
        "lambda n, rng: ((0, 0), (n, 1), (rng.randrange(n), n))",
        """
def twice_area(p, q, r):
    (x1, y1), (x2, y2), (x3, y3) = p, q, r
    return abs((x2 - x1) * (y3 - y1) - (x3 - x1) * (y2 - y1))
""",
    ),
    row(
        "sudoku_box",
        "O(1)",
        "O(1)",
        "fixed-loop grid",
        "lambda n, rng: ([[rng.randrange(10) for _ in range(9)] for _ in range(9)],)",
        """
def boxes_valid(board):
    for br in range(0, 9, 3):
        for bc in range(0, 9, 3):
            seen = set()
            for r in range(br, br + 3):
                for c in range(bc, bc + 3):
                    digit = board[r][c]
                    if digit and digit in seen:
                        continue
                    seen.add(digit)
            if len(seen) > 10:
                return False
    return True
""",
    ),
    row(
        "nim_xor_parity",
        "O(1)",
        "O(1)",
        "bits",
        NUMBER,
        """
def xor_upto(n):
    return [n, 1, n + 1, 0][n % 4]
""",
    ),
]
