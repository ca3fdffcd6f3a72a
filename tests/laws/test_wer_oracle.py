"""Law 5, oracle: our error rates and alignments are jiwer's, for any texts, empty ones included."""

import jiwer
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnaudio.evaluation import align, character_error_rate, character_errors, word_error_rate, word_errors

# Few and similar words make alignments with many equals; anything else a text may hold is drawn beside them.
vocabulary = st.sampled_from(["a", "b", "ab", "ba", "one", "öne", "中", "文", "-", "'"])
texts = st.lists(vocabulary, max_size=12).map(" ".join) | st.text("ab c", max_size=20)
corpora = st.lists(st.tuples(texts, texts), min_size=1, max_size=6)

KINDS = {"equal": "hit", "substitute": "substitution", "delete": "deletion", "insert": "insertion"}


@settings(max_examples=300)
@given(corpora)
def test_word_errors_are_those_of_jiwer(corpus):
    said, heard = map(list, zip(*corpus, strict=True))
    theirs, ours = jiwer.process_words(said, heard), word_errors(said, heard)
    assert (ours.hits, ours.substitutions, ours.deletions, ours.insertions) == (
        theirs.hits,
        theirs.substitutions,
        theirs.deletions,
        theirs.insertions,
    )
    assert ours.rate == word_error_rate(said, heard) == theirs.wer == jiwer.wer(said, heard)


@settings(max_examples=300)
@given(corpora)
def test_character_errors_are_those_of_jiwer(corpus):
    said, heard = map(list, zip(*corpus, strict=True))
    theirs, ours = jiwer.process_characters(said, heard), character_errors(said, heard)
    assert (ours.hits, ours.substitutions, ours.deletions, ours.insertions) == (
        theirs.hits,
        theirs.substitutions,
        theirs.deletions,
        theirs.insertions,
    )
    assert ours.rate == character_error_rate(said, heard) == theirs.cer == jiwer.cer(said, heard)


@settings(max_examples=300)
@given(texts, texts)
def test_the_alignment_is_the_one_jiwer_shows(said, heard):
    theirs = jiwer.process_words(said, heard)
    steps = []
    for chunk in theirs.alignments[0]:
        old = theirs.references[0][chunk.ref_start_idx : chunk.ref_end_idx]
        new = theirs.hypotheses[0][chunk.hyp_start_idx : chunk.hyp_end_idx]
        width = max(len(old), len(new))
        pairs = zip(old or [""] * width, new or [""] * width, strict=True)
        steps += [(KINDS[chunk.type], *pair) for pair in pairs]
    ours = align(said.split(), heard.split())
    assert [(edit.kind, edit.reference, edit.hypothesis) for edit in ours] == steps
