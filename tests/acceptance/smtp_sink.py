"""A mail server that delivers nothing and remembers everything."""

import socketserver
import threading


class SmtpSink:
    """Listens on a free port of this machine while it is entered."""

    def __init__(self):
        self.messages = []
        handler = type("Handler", (_Handler,), {"messages": self.messages})
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()

    def holds(self, text):
        """How many messages have a text in them."""
        return sum(text in message for message in self.messages)


class _Handler(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand over a message."""

    def handle(self):
        self._say("220 sink")
        for line in self.rfile:
            verb = line.split(None, 1)[0].upper() if line.strip() else b""
            if verb == b"DATA":
                self._say("354 go on")
                self.messages.append(self._read_message())
            self._say("221 bye" if verb == b"QUIT" else "250 fine")
            if verb == b"QUIT":
                return

    def _read_message(self):
        lines = []
        for line in self.rfile:
            if line.rstrip(b"\r\n") == b".":
                break
            lines.append(line)
        return b"".join(lines).decode(errors="replace")

    def _say(self, reply):
        self.wfile.write(reply.encode() + b"\r\n")
