"""Tables for a terminal."""

from cgi_conform.columns import in_columns


def test_columns_are_as_wide_as_their_widest_cell_and_lines_end_without_blanks() -> None:
    assert in_columns([("name", "version", ""), ("cgi-server", "1.0", "")]) == ["name        version", "cgi-server  1.0"]


def test_numbers_are_aligned_to_the_right() -> None:
    assert in_columns([("source", "cases"), ("CGI", "7")], right=[1]) == ["source  cases", "CGI         7"]


def test_no_column_is_narrower_than_asked() -> None:
    assert in_columns([("a", "b", "c")], width=3) == ["a    b    c"]


def test_a_table_without_rows_has_no_lines() -> None:
    assert in_columns([]) == []
