"""Serves the current directory until Ctrl-C."""

import sys

import cgi_server

port = int(sys.argv[1]) if len(sys.argv) > 1 else 8000
with cgi_server.serve(port=port, bind="", cgi_directories=["/scripts"], log=sys.stderr) as server:
    print(f"Serving on {server.url}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("Stopped")
