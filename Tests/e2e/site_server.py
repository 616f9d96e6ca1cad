"""A web site on 127.0.0.1, for the servers under test to visit."""

import contextlib
import http.server
import threading

PAGE = {"Content-Type": "text/html; charset=utf-8"}


class Site:
    """Serves what `pages` has: a path, with or without its query, leads to a status, header fields and a body, or to a function that gets the handler.
    `visits` lists the requests, each a path and its header fields."""

    def __init__(self):
        self.pages = {}
        self.visits = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site.visits.append((self.path, {name.title(): value for name, value in self.headers.items()}))
                page = site.pages.get(self.path) or site.pages.get(self.path.split("?")[0], (404, {}, b""))
                if callable(page):
                    self.close_connection = True
                    # Whoever visits may leave at any time.
                    with contextlib.suppress(ConnectionError):
                        page(self)
                    return
                status, fields, body = page
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(ConnectionError):
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def page(self, path, title, *more, fields=PAGE):
        """A page with a title, and whatever else is in its head. Returns its address."""
        head = f"<title>{title}</title>" + "".join(more)
        self.pages[path] = (200, fields, f"<!doctype html><html><head>{head}</head><body>x</body></html>".encode())
        return self.url + path

    def meta(self, name, content):
        return f'<meta property="{name}" content="{content}">'

    def visited(self, path):
        return [fields for seen, fields in self.visits if seen == path]

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
