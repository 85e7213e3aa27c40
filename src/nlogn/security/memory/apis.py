"""What is known about C functions by name: who allocates, frees, copies, and reads numbers."""

from __future__ import annotations

import re

NULLABLE = re.compile(
    r"^(?:malloc|calloc|realloc|kmalloc|kzalloc|kcalloc|kmalloc_array|kmemdup|kstrdup|vmalloc|vzalloc|"
    r"strdup|strndup|fopen|fdopen|popen|opendir|getenv|strchr|strrchr|memchr|platform_get_resource\w*|"
    r"devm_k?\w*alloc|devm_kstrdup|of_get_property|of_match_node|alloc_\w+|dev_alloc_skb|skb_clone|"
    r"av_malloc\w*|gf_malloc|nla_nest_start|find_vma|AllocateMagick\w+|"
    r"AcquireMagickMemory|AcquireQuantumMemory|OPENSSL_malloc|CRYPTO_malloc|lookup_\w+|get_current_user)$"
)
# Answers that are null in ordinary use, not only when memory runs out.
NULL_ANSWERS = re.compile(
    r"^(?:crypt|getenv|secure_getenv|strchr|strrchr|strstr|memchr|strpbrk|getpwnam|getpwuid|getlogin)$"
)
ASSERTS = re.compile(
    r"(?i)^(?:g_|tor_|ap_|debug_|static_)?assert\w*$|^(?:BUG|WARN)_ON\w*$|^VERIFY$|^CHECK\w*$"
)
TARGET_SIZE = re.compile(r"(?i)^(?:dest|dst|out|target|buf(?:fer)?)_?(?:size|len|sz|cap)\w*$")
FREES = frozenset(
    [
        "free",
        "kfree",
        "delete",
        "vfree",
        "kvfree",
        "kzfree",
        "g_free",
        "av_free",
        "OPENSSL_free",
        "cfree",
        "kfree_skb",
    ]
)
NUMBERS = re.compile(
    r"^(?:atoi|atol|atoll|strtol|strtoul|strtoll|strtoull|getw|stoi|"
    # a number in the byte order of a file or a wire is one that somebody else wrote
    r"ntoh(?:s|l|ll)|(?:be|le)(?:16|32|64)_?to_?(?:cpup?|h)|get_unaligned_\w+|GETUINT\d+|"
    r"(?:\w+_)?(?:rl|rb|RL|RB|R[LB])(?:16|24|32|64)|\w*[sS]wap(?:16|32|64)\w*|"
    r"ReadBlob(?:[LM]SB)?\w*|ReadProfile\w+|bytestream2?_get_[bl]e\d+|avio_r[bl]\d+|"
    r"get_bits\w*|get_[us]e_golomb\w*|EXTRACT_\w+BITS?|tvb_get_\w+)$"
)
# Of those, the ones that answer with negative numbers too.
NEGATIVE = re.compile(
    r"^(?:ato(?:i|l|ll)|strtoll?|stoi|getw|[fs]?scanf|ReadProfile\w+|ReadBlob\w*Signed\w+)$"
)
SIGNED = re.compile(
    r"^(?:signed |const )*(?:int|long|short|ssize_t|int\d+_t|s(?:16|32|64)|ptrdiff_t)\b"
)
STACK_ALLOCATORS = ("alloca", "ALLOCA", "_alloca", "__builtin_alloca")
READS_NUMBER = frozenset({"scanf", "fscanf", "sscanf"})
DEREFS_ARG = {
    "memset": (0,),
    "memcpy": (0, 1),
    "memmove": (0, 1),
    "strcpy": (0, 1),
    "strncpy": (0, 1),
    "strcat": (0, 1),
    "sprintf": (0,),
    "snprintf": (0,),
    "strlen": (0,),
    "fread": (3,),
    "fgets": (2,),
    "fprintf": (0,),
    "fputs": (1,),
    "fclose": (0,),
    "strcmp": (0, 1),
    "strncmp": (0, 1),
    "fseek": (0,),
    "resource_size": (0,),
    "skb_put": (0,),
    "skb_reserve": (0,),
}
COPIES = {
    "memcpy": 2,
    "memmove": 2,
    "strncpy": 2,
    "strncat": 2,
    "memset": 2,
    "read": 2,
    "recv": 2,
    "fgets": 1,
    "snprintf": 1,
    "copy_from_user": 2,
    "wmemset": 2,
    "wcsncpy": 2,
    "CopyMagickMemory": 2,
}
TARGET = {"read": 1, "recv": 1}
SIZES = {
    "char": 1,
    "unsigned char": 1,
    "signed char": 1,
    "uint8_t": 1,
    "int8_t": 1,
    "u8": 1,
    "bool": 1,
    "short": 2,
    "unsigned short": 2,
    "uint16_t": 2,
    "int16_t": 2,
    "u16": 2,
    "int": 4,
    "unsigned int": 4,
    "unsigned": 4,
    "uint32_t": 4,
    "int32_t": 4,
    "u32": 4,
    "float": 4,
    "wchar_t": 4,
    "long": 8,
    "unsigned long": 8,
    "size_t": 8,
    "ssize_t": 8,
    "long long": 8,
    "unsigned long long": 8,
    "uint64_t": 8,
    "int64_t": 8,
    "u64": 8,
    "double": 8,
    "void*": 8,
}
CLOSING = re.compile(
    r"(?i)free|destroy|release|cleanup|close|exit|fini|delete|remove|del$|_del_|put$|unref|dtor|clear|"
    r"reset|drop|dispose|unload|uninit|deinit|term|shutdown|stop|end$|disconnect|kill|purge|flush"
)
