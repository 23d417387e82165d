"""Loading from the model hub, with an error that says what to do when the hub cannot be reached."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transfer_learning.assets import AssetError


def from_hub(auto_class: type, checkpoint: str) -> Any:
    """``auto_class.from_pretrained(checkpoint)``, quietly; ``checkpoint`` may be a folder.

    Weights are read from the safetensors format only: the older format can run code while it is read.

    Raises:
        AssetError: the hub is out of reach, or the checkpoint is not there or damaged.
    """
    options = {"use_safetensors": True} if auto_class.__name__ == "AutoModel" else {}
    try:
        with no_progress_bar():
            return auto_class.from_pretrained(checkpoint, **options)
    except Exception as error:  # transformers, huggingface_hub, httpx and safetensors each raise their own
        raise AssetError(
            f"The checkpoint '{checkpoint}' could not be loaded: {first_cause(error)}. "
            "It comes from the model hub: check the name and the connection (and HF_ENDPOINT and "
            "HF_HUB_OFFLINE, if you set them), or use source='embedded', which needs no network."
        ) from error


def first_cause(error: BaseException) -> str:
    """The first line of what the error at the root of ``error`` says."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


@contextmanager
def no_progress_bar() -> Iterator[None]:
    """Without the bar that transformers draws for every load, which would stand in every page's output."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
