"""Regular expressions that several packs use."""

# fmt: off


# Text that begins like SQL and goes on like it.
SQL = (
    r"(?is)^[\s(\"'`]*(?:select\b.*?\bfrom\b|insert\s+(?:ignore\s+)?into\b|update\b.+?\bset\b|"
    r"delete\s+from\b|replace\s+into\b|drop\s+(?:table|database|user|index)|create\s+(?:table|user|"
    r"database|index)|alter\s+(?:table|user|role)|merge\s+into|grant\s+\w|truncate\s+table|"
    r"exec(?:ute)?\s+\w+\s|call\s+\w+\s*\(|with\s+\w+\s*(?:\([^)]*\)\s*)?as\s*\()"
)
# … with an unknown part where a value stands, rather than the name of a table.
SQL_VALUE = SQL[:-1] + (
    r").*(?:[=<>]\s*|\blike\s+|\bin\s*\(\s*|\bvalues?\s*\(?[^;]*|\blimit\s+|\boffset\s+|\bbetween\s+|"
    r"['\"%]|\bwhere\s+|\band\s+|\bset\s+|\(\s*)['\"%]*\x00"
)
# Names that hold secrets, and names for what must be unpredictable.
SECRET_NAME = (
    r"(?i)(?:^|_|\b|[a-z](?=P|S|T|A|K))(?:pass(?:w(?:or)?d|phrase|wd)?s?|pwd|secret|api_?key|"
    r"auth_?token|access_?(?:key|token)|private_?key|credential|secret_?key|client_?secret|"
    r"encryption_?key|token)(?:$|_|\b|[A-Z0-9])"
)
UNPREDICTABLE = (
    r"(?i)token|secret|passw|pwd|session|cookie|nonce|salt|csrf|otp|remember|api_?key|auth|"
    r"crypt|(?:^|_)pin(?:$|_)|(?:^|_)iv(?:$|_)|reset|verif(?:y|ication)_?code|captcha|guid|"
    r"secur|(?:^|_)key(?:$|_)"
)
# The word "test" in a name, which latest, contest and attest do not hold; stands in any pattern.
TEST = r"(?-i:(?:(?<![a-zA-Z])t|(?<![A-Z])T)est(?:s|ed|ing|er)?(?![a-z0-9])|TEST)"
FIXED_HOST = r"^https?://[^/\x00\x01?#@]+\.?[^/\x00\x01?#@]*[/?#]"
# A host name in a pattern whose dots match anything.
LOOSE_HOST = (
    r"^(?!.*\[\^)(?=[\^(?:/\\a-zA-Z0-9.|)-]*[a-z0-9)]\.[a-z0-9-]+(?:\\?\.)(?:com|org|net|io|edu|gov|co))"
    r"(?:\^?(?:https?[?]?:(?:\\?/){2})?)?(?:[\w()|?:.-]|\\\.)+?[\w)]\.(?=[\w-]+\\?\.?)[\w.\\-]*(?:com|org|net|io|edu|gov|co)\b"
)
