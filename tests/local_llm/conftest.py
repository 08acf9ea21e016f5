"""Makes a tiny random language model, and keeps this suite to environments that have torch.

It is a suite of its own, ``make test-local-llm``: torch is an extra that the main environment must not need.
"""

import importlib.util
from pathlib import Path

import pytest

collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["test_*.py"]

SYSTEM_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
NO_SYSTEM_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    + SYSTEM_TEMPLATE
)


def make_model(directory: Path, template: str | None = SYSTEM_TEMPLATE, positions: int = 4096) -> Path:
    """A two-layer model with random weights and a byte-level tokenizer, saved as people save theirs."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    # Words that only the model writes, each with its space: a stream shows text up to the last space.
    words = [f"Ġword{number}" for number in range(256)]
    vocabulary = {"<s>": 0, "</s>": 1, "<pad>": 2} | {char: index + 3 for index, char in enumerate(alphabet + words)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", chat_template=template
    )
    wrapped.save_pretrained(directory)
    torch.manual_seed(3)
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=positions,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=2,
    )
    LlamaForCausalLM(config).save_pretrained(directory)
    return directory


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model whose template knows every role."""
    return str(make_model(tmp_path_factory.mktemp("model")))


def make_cross_encoder(directory: Path, labels: int = 1, types: bool = True) -> Path:
    """A tiny random model that scores pairs of texts, with or without token types, saved as people save theirs."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        PreTrainedTokenizerFast,
        RobertaConfig,
        RobertaForSequenceClassification,
    )

    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: index for index, word in enumerate([*marks, "the", "crane", "lifts", "forty", "tons", "noon"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    inputs = ["input_ids", "attention_mask", *(["token_type_ids"] if types else [])]
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", model_input_names=inputs, model_max_length=48
    ).save_pretrained(directory)
    torch.manual_seed(5)
    sizes = {
        "vocab_size": len(vocabulary),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "max_position_embeddings": 64,
        "num_labels": labels,
        "pad_token_id": 0,
        "initializer_range": 0.3,
    }
    if types:
        BertForSequenceClassification(BertConfig(**sizes)).save_pretrained(directory)
    else:
        RobertaForSequenceClassification(RobertaConfig(**sizes, type_vocab_size=1)).save_pretrained(directory)
    return directory
