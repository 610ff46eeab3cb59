"""tokenizers.py: a tokenizer of words, normalizers, a trainer, offsets."""

from __future__ import annotations

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

WORDS = ["the cat sat on the mat", "the dog ate the cat", "Ünder the mat sat a dog"] * 3


def work(i: int) -> object:
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    steps = [normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]
    tokenizer.normalizer = normalizers.Sequence(steps)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=22 + 2 * i, special_tokens=["[UNK]", "[PAD]"], show_progress=False
    )
    tokenizer.train_from_iterator(WORDS, trainer)
    got = tokenizer.encode("the dog sat under a mat " * (i + 1))
    try:
        Tokenizer.from_str("{")
    except Exception as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    vocabulary = tokenizer.get_vocab_size()
    return got.tokens, got.offsets, vocabulary, tokenizer.decode(got.ids), said
