"""Puts figures between the markers of a document."""

import pathlib


def write(path: pathlib.Path, sections: dict[str, list[str]], about: list[str] | None) -> None:
    """Replaces what stands between `<!-- name:begin -->` and `<!-- name:end -->` for each section, and for `machine` when it is given."""
    text = path.read_text()
    for name, lines in {**sections, **({"machine": about} if about else {})}.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        head, _, rest = text.partition(begin)
        _, marker, tail = rest.partition(end)
        if not marker:
            raise ValueError(f"{path} has no section {name}")
        text = head + begin + "\n" + "\n".join(lines) + "\n" + end + tail
    temporary = path.with_suffix(".new")
    temporary.write_text(text)
    temporary.replace(path)
