"""Why a campaign cannot go on; each text names the value, the rule and the remedy."""

from __future__ import annotations

__all__ = ["CampaignError", "Contradiction", "NotStored", "OtherCampaign", "Unusable"]


class CampaignError(Exception):
    """A campaign cannot go on."""


class Unusable(CampaignError):
    """The folder, the subject or the options are not those of a campaign that can be counted."""


class OtherCampaign(Unusable):
    """The folder holds the files of another campaign."""


class Contradiction(CampaignError):
    """One chunk was counted twice, with different results."""


class NotStored(CampaignError):
    """A count could not be written to disk; everything that was flushed before it is there."""
