"""Loading from the model hub, with an error that says what to do when the hub cannot be reached."""

from transfer_learning.assets import AssetError


def from_hub(auto_class: type, checkpoint: str):
    """``auto_class.from_pretrained(checkpoint)``.

    Weights are read from the safetensors format only: the older format can run code while it is read.

    Raises:
        AssetError: the hub is out of reach, or the checkpoint is not there or damaged.
    """
    options = {"use_safetensors": True} if auto_class.__name__ == "AutoModel" else {}
    try:
        return auto_class.from_pretrained(checkpoint, **options)
    except (
        Exception
    ) as error:  # transformers, huggingface_hub, httpx and safetensors each raise their own kinds
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise AssetError(
            f"The checkpoint '{checkpoint}' could not be loaded from the model hub: {reason} "
            "Check the connection (and HF_ENDPOINT, HF_HUB_OFFLINE when set), "
            "or use source='embedded', which needs no network."
        ) from error
