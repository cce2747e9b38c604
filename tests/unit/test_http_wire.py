"""The head of an answer: framing is the listener's, and no header can forge another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.emulator.call import HttpResponse
from harness.emulator.edge.http_wire import HeaderRefused, encode_head, header_name


def lines(response: HttpResponse, method: str = "GET", keep_alive: bool = True, http10: bool = False) -> list[str]:
    head = encode_head(response, method, keep_alive, http10).decode("latin-1")
    assert head.endswith("\r\n\r\n")
    return head[:-4].split("\r\n")


def test_the_listener_frames_the_message() -> None:
    given = [("Transfer-Encoding", "chunked"), ("connection", "close"), ("CONTENT-LENGTH", "1"), ("X-A", "b")]
    head = lines(HttpResponse(200, given, b"12345"))
    assert head[0] == "HTTP/1.1 200 OK"
    assert [line for line in head[1:] if not line.startswith(("Date: ", "Server: "))] == [
        "X-A: b",
        "Content-Length: 5",
    ]
    assert sum(line.startswith("Date: ") for line in head) == 1


def test_a_handlers_own_date_and_server_win() -> None:
    head = lines(HttpResponse(200, [("date", "then"), ("server", "AmazonS3")]))
    assert head == ["HTTP/1.1 200 OK", "date: then", "server: AmazonS3", "Content-Length: 0"]


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body_have_no_length(status: int) -> None:
    assert not any("Content-Length" in line for line in lines(HttpResponse(status)))


def test_an_unknown_status_has_no_phrase() -> None:
    assert lines(HttpResponse(599))[0] == "HTTP/1.1 599 "


def test_text_beyond_latin_1_goes_out_as_utf_8() -> None:
    head = encode_head(HttpResponse(200, [("X-A", "日本")]), "GET", True, False)
    assert "X-A: 日本\r\n".encode() in head


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=5), st.booleans(), st.booleans())
def test_a_head_has_the_lines_it_was_given_or_is_refused(
    headers: list[tuple[str, str]], keep_alive: bool, http10: bool
) -> None:
    broken = any(c in name + value for name, value in headers for c in "\r\n")
    try:
        head = encode_head(HttpResponse(200, headers), "GET", keep_alive, http10)
    except HeaderRefused:
        assert broken
        return
    own = 1 + 2 + 1 + (not keep_alive or http10)
    own -= 2 * any(name.lower() in ("date", "server") for name, _ in headers)
    framing = ("content-length", "transfer-encoding", "connection", "keep-alive")
    kept = [name for name, _ in headers if name.lower() not in framing]
    assert head.count(b"\r\n") == len(kept) + own + 1
    assert head.count(b"\n") == head.count(b"\r") == head.count(b"\r\n")


def test_header_names_are_remembered_without_bound_on_what_clients_send() -> None:
    for n in range(5000):
        assert header_name(f"X-Name-{n}".encode()) == f"x-name-{n}"
    assert header_name(b"Content-TYPE") == "content-type"
