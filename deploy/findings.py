"""What doctor found, each gap with the command that mends it."""

from typing import NamedTuple

from deploy.console import say

GOOD, MISSING, WRONG, UNSEEN, NOTE = "ok", "missing", "wrong", "unseen", "note"


class Finding(NamedTuple):
    """One thing that doctor looked at."""

    state: str
    what: str
    mend: str = ""


def is_gap(finding: Finding) -> bool:
    """Return whether there is something to mend."""
    return finding.state in (MISSING, WRONG)


def print_findings(findings: list[Finding]) -> None:
    """Print the findings, each gap with what mends it."""
    for finding in findings:
        say(f"  {finding.state:<8} {finding.what}")
        if finding.mend:
            say(f"           mend: {finding.mend}")


def as_table(findings: list[Finding]) -> str:
    """Return the findings as a Markdown table for a job summary."""
    rows = ["| state | what | mend |", "| --- | --- | --- |"]
    for finding in findings:
        mend = f"`{escape(finding.mend)}`" if finding.mend else ""
        rows.append(f"| {finding.state} | {escape(finding.what)} | {mend} |")
    return "\n".join(rows)


def escape(text: str) -> str:
    """Return text that stays in its cell of a Markdown table."""
    return text.replace("\n", " ").replace("|", "\\|")
