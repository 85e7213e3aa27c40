"""Prompt lookup: draft tokens are what followed the same few tokens earlier in the text.

The network then computes them all in one pass, and a draft is kept as far as it is what would have
been chosen (speculative decoding, arXiv:2211.17192, with a drafter that costs nothing): edits of
existing code repeat most of it. With a fixed number per position for sampling, this holds at any
temperature: the answer is the one without drafts, token for token.
"""

from nlogn.engine.native.sequence import Sequence

LONGEST = 3  # tokens that must agree; then fewer
SHORTEST = 2
MOST = 7  # drafted at once: with the token before them they fill one tile of the kernels


def draft(sequence: Sequence, most: int = MOST) -> list[int]:
    """Up to `most` tokens that may come next; none where nothing like the end came before."""
    tokens = sequence.tokens
    _index(sequence)
    length = min(most, round(sequence.draft_length))
    if length < 1:
        sequence.draft_length += 0.1  # after many refusals, try again now and then
        return []
    for size in range(LONGEST, SHORTEST - 1, -1):
        at = sequence.drafts.get(tuple(tokens[-size:]))
        if at is not None and len(tokens) >= size:
            return tokens[at : at + length]
    return []


def learn(sequence: Sequence, drafted: int, accepted: int) -> None:
    """Draft more after success, less after failure."""
    sequence.drafted += drafted
    sequence.accepted += accepted
    if accepted == drafted:
        sequence.draft_length = min(MOST, sequence.draft_length + 2)
    else:
        sequence.draft_length = 0.5 * sequence.draft_length + 0.5 * accepted


def _index(sequence: Sequence) -> None:
    """Remember what followed each run of tokens, the latest occurrence; the end itself, which
    nothing follows yet, is left for next time."""
    tokens = sequence.tokens
    for at in range(max(sequence.indexed, SHORTEST), len(tokens)):
        for size in range(SHORTEST, LONGEST + 1):
            if at >= size:
                sequence.drafts[tuple(tokens[at - size : at])] = at
    sequence.indexed = len(tokens)
