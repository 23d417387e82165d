"""Data and models as packages: a manifest, a store, a fetcher (``python -m transfer_learning.assets``)."""

from transfer_learning.assets.manifest import Asset, AssetError, manifest, read_manifest
from transfer_learning.assets.store import locate, store_folder

__all__ = ["Asset", "AssetError", "locate", "manifest", "read_manifest", "store_folder"]
