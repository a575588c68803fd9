"""What a run shows while it asks."""

from dataclasses import dataclass
from typing import Any

from jocas_themes._progress import tqdm


@dataclass(kw_only=True)
class Tally:
    """Count what came, and show it beside a bar."""

    bar: Any
    n_to_ask: int
    n_answered: int = 0
    n_to_review: int = 0
    n_failed: int = 0
    spent_usd: float | None = None

    def spend(self, cost_usd: float | None) -> None:
        """Add what a reply cost."""
        if cost_usd is not None:
            self.spent_usd = (self.spent_usd or 0) + cost_usd

    def advance(self) -> None:
        """Show that one more question is done with."""
        counts = f"{self.n_answered} answered, {self.n_to_review} to review, {self.n_failed} failed"
        n_done = self.n_answered + self.n_to_review + self.n_failed
        if self.spent_usd is not None:
            projected_usd = self.spent_usd / max(n_done, 1) * self.n_to_ask
            counts = f"${self.spent_usd:.2f} of ${projected_usd:.2f}, {counts}"
        self.bar.set_postfix_str(counts, refresh=False)
        self.bar.update()


def open_bar(*, n_done: int, n_to_ask: int, show: bool) -> Any:
    """Open the bar of a run."""
    return tqdm(
        total=n_done + n_to_ask,
        initial=n_done,
        desc="teacher",
        # Without a drawing: money and counts must fit a terminal of 80 columns.
        bar_format="{desc} {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]",
        disable=not show,
    )
