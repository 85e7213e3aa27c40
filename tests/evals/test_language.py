import itertools
import random
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the network needs torch (extra `model`)")
pytest.importorskip("tokenizers", reason="needs tokenizers (extra `model`)")
np = pytest.importorskip("numpy")
sys.path[:0] = [str(Path(__file__).parents[1] / room) for room in ("train", "model")]

from small_corpus import small_corpus  # noqa: E402
from variants import HYBRID  # noqa: E402

from nlogn.corpus.paradigm import PARADIGMS, train_classifier  # noqa: E402
from nlogn.corpus.specials import END, FIM_MIDDLE, FIM_PREFIX, FIM_SUFFIX  # noqa: E402
from nlogn.corpus.tokenizer import encode, load_tokenizer  # noqa: E402
from nlogn.evals import language as lm  # noqa: E402
from nlogn.evals.ngram import count  # noqa: E402
from nlogn.model.transformer import Transformer  # noqa: E402


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def documents(corpus: Path) -> list[lm.Document]:
    return lm.held_out(corpus, 30, seed=0, shortest=20)


def model(context: int = 64) -> Transformer:
    return Transformer(replace(HYBRID, vocab_size=512, context=context), seed=1).eval()


def test_held_out_documents_are_the_validation_split_s(
    corpus: Path, documents: list[lm.Document]
) -> None:
    tokenizer = load_tokenizer(corpus / "tokenizer")
    assert len(documents) == 30 and {k for d in documents for k in d.paradigms} == set(range(4))
    assert all(d.text.startswith("def ") for d in documents)
    assert all(len(d.paradigms) == len(d.tokens) for d in documents)
    assert all(tokenizer.decode(list(d.tokens)) == d.text for d in documents)
    assert lm.held_out(corpus, 5, 1, 20) == lm.held_out(corpus, 9, 1, 20)[:5]


def test_renderings_of_problems_are_no_natural_documents(corpus: Path) -> None:
    starts = np.load(corpus / "validation-00000" / "documents.npy")
    time = np.load(corpus / "validation-00000" / "time.npy")
    rendered = sum((time[a:b] >= 0).any() for a, b in itertools.pairwise(starts))
    assert rendered == 4
    assert len(lm.held_out(corpus, 100, 0, 20)) == len(starts) - 1 - rendered


def test_a_blank_network_spends_the_logarithm_of_its_vocabulary(
    documents: list[lm.Document],
) -> None:
    blank = model()
    with torch.no_grad():
        blank.lm_head.weight.zero_()
    tokens = sum(len(d.tokens) for d in documents)
    size = sum(len(d.text.encode()) for d in documents)
    assert lm.bits_per_byte(blank, documents) == pytest.approx(9 * tokens / size, rel=1e-4)


def test_a_document_longer_than_the_context_costs_every_token_once() -> None:
    network, rng = model(context=32), random.Random(0)
    tokens = [rng.randrange(512) for _ in range(100)]
    bits = lm.token_bits(network, tokens, 0)
    whole = lm.token_bits(model(context=128), tokens[:32], 0)
    assert bits.shape == (100,) and bool((bits > 0).all())
    torch.testing.assert_close(bits[:32], whole, atol=1e-3, rtol=1e-3)


def test_compressors_find_repetition() -> None:
    text = "for item in items:\n    total += item\n" * 40
    found = lm.compressed([lm.Document(text, (), ())])
    assert 0 < found["xz"] < 0.7 and 0 < found["gzip"] < 0.7
    noise = "".join(random.Random(0).choices("0123456789abcdef", k=4000))
    assert lm.compressed([lm.Document(noise, (), ())])["xz"] > 4  # four bits each at best


def test_the_own_group_s_share_is_what_the_gate_does(documents: list[lm.Document]) -> None:
    network = model()
    shares = lm.own_group(network, documents)
    assert set(shares) == set(range(4)) and 0 <= min(share for share, _ in shares.values()) <= 0.6
    counts = Counter(kind for d in documents for kind in d.paradigms)
    assert {kind: tokens for kind, (_, tokens) in shares.items()} == counts
    for gate in network.gates():  # all tokens to group 2
        gate.e_score_correction_bias[8:12] = 10.0
    forced = lm.own_group(network, documents)
    assert [forced[kind][0] for kind in range(4)] == [0.0, 0.0, 1.0, 0.0]
    dense = replace(HYBRID, vocab_size=512, experts=None)
    assert lm.own_group(Transformer(dense), documents) == {}


def test_each_file_of_a_document_counts_for_its_own_paradigm(
    documents: list[lm.Document],
) -> None:
    network = model()
    for gate in network.gates():
        gate.e_score_correction_bias[8:12] = 10.0  # all tokens to group 2
    tokens = documents[0].tokens * 2
    half = len(tokens) // 2
    both = lm.Document("", tokens, (2,) * half + (1,) * half)
    unknown = lm.Document("", tokens, (-1,) * len(tokens))
    assert lm.own_group(network, [both, unknown]) == {1: (0.0, half), 2: (1.0, half)}


def test_the_labeller_reads_each_piece_by_itself() -> None:
    about = {"web": "http request cookie", "data": "csv column median",
             "systems": "mutex thread socket", "algorithms": "heap graph dijkstra"}  # fmt: skip
    rows = [(f"{kind} {i}", kind, text) for kind, text in about.items() for i in range(5)]
    classifier = train_classifier(rows, seeds=False)
    web, data = PARADIGMS.index("web"), PARADIGMS.index("data")
    right = lm.Document("a request with a cookie", (), (web,) * 3)
    wrong = lm.Document("the median of a column", (), (web, -1))
    also = lm.Document("the median of a column", (), (data,) * 5)
    found = lm.labelled_again(classifier, [right, wrong, also])
    assert found == {web: (0.75, 4), data: (1.0, 5)}


def test_similarity_is_one_less_the_edits() -> None:
    assert lm.similarity("kitten", "sitting") == pytest.approx(1 - 3 / 7)
    assert lm.similarity("", "") == 1 and lm.similarity("", "abc") == 0


def test_n_grams_are_counted_and_sum_to_one() -> None:
    tokens = np.array([1, 2, 3, 1, 2, 4, 1, 2, 3])
    gram = count(tokens, vocab_size=6, order=3)
    assert gram.order == 3 and gram.best([1, 2]) == 3
    for context in ([], [1], [1, 2], [5, 5], [0, 1, 2, 3, 4]):
        assert gram.probabilities(context).sum() == pytest.approx(1)
    # Witten-Bell by hand: after (2,) come 3, 4, 3
    unigram = np.array([0, 3, 3, 2, 1, 0]) / (9 + 4) + 4 / (9 + 4) / 6
    bigram = np.array([0, 0, 0, 2, 1, 0]) / (3 + 2) + 2 / (3 + 2) * unigram
    np.testing.assert_allclose(gram.probabilities([5, 2]), bigram)
    assert count(tokens, vocab_size=8192, order=9).order == 4  # 13 bits each


def test_lines_and_holes_are_scored(corpus: Path, documents: list[lm.Document]) -> None:
    tokenizer = load_tokenizer(corpus / "tokenizer")
    tokens = np.load(corpus / "train-00000" / "tokens.npy")
    gram = count(tokens, tokenizer.get_vocab_size())
    documents = [replace(d, text=d.text * 2) for d in documents]
    by_gram = lm.next_lines(lm.greedily(gram.best), tokenizer, documents, 30, seed=0)
    by_chance = lm.next_lines(lm.greedy(model()), tokenizer, documents, 10, seed=0)
    assert by_gram.count == 30 and by_gram.exact > 0.4 > by_chance.exact
    assert by_gram.similarity > by_chance.similarity
    holes = lm.holes(lm.greedily(gram.best), tokenizer, documents, 10, seed=0, told="P")
    for ended in (holes.told_length, holes.fitted):
        assert 0 <= ended.exact <= ended.similarity <= 1 and ended.count == 10
    again = lm.holes(lm.greedily(gram.best), tokenizer, documents, 10, seed=0, told="P")
    assert again == holes


def test_the_true_middle_fills_a_hole_also_where_it_does_not_end(
    corpus: Path, documents: list[lm.Document]
) -> None:
    tokenizer = load_tokenizer(corpus / "tokenizer")
    texts = [f"# {i}\n{d.text}\n\n# {i}\n" for i, d in enumerate(documents)]
    documents = [replace(d, text=text) for d, text in zip(documents, texts, strict=True)]

    def knowing(ends: bool) -> lm.Predict:
        def predict(prompt: list[int], most: int, done: object) -> list[int]:
            asked = tokenizer.decode(prompt, skip_special_tokens=False)
            suffix, prefix = asked.removeprefix(FIM_PREFIX + FIM_SUFFIX).split(FIM_MIDDLE)
            (text,) = (t for t in texts if t.startswith(prefix) and t.endswith(suffix))
            middle = text[len(prefix) : len(text) - len(suffix)]
            if ends:
                return [*encode(tokenizer, [middle]), tokenizer.token_to_id(END)]
            return encode(tokenizer, [middle + suffix])

        return predict

    right = lm.holes(knowing(ends=True), tokenizer, documents, 20, seed=0, told="SPM")
    assert right.told_length.exact == 1 and right.fitted.exact > 0.9
    on = lm.holes(knowing(ends=False), tokenizer, documents, 20, seed=0, told="SPM")
    assert on.told_length.exact == 1 and on.fitted.exact > 0.4


def test_greedy_decoding_is_the_network_s_own(corpus: Path) -> None:
    network = model()
    prompt = [3, 1, 4, 1, 5, 9, 2, 6]
    found = lm.greedy(network)(prompt, 12, lambda out: False)
    assert found == network.generate(torch.tensor([prompt]), 12)[0, len(prompt) :].tolist()
