# python3 http.server fetched by curl, several requests at once.
export PYTHONDONTWRITEBYTECODE=1
mkdir www; echo "hello from the server" > www/index.html; seq 1 50000 > www/numbers.txt
cat > serve.py << 'END'
import http.server, sys, functools
h = functools.partial(http.server.SimpleHTTPRequestHandler, directory="www"); http.server.SimpleHTTPRequestHandler.log_message = lambda *a: None
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), h); print(s.server_port, flush=True); s.serve_forever()
END
mkfifo port; python3 serve.py > port & server=$!; read -r port < port
curl -s http://127.0.0.1:$port/; curl -s http://127.0.0.1:$port/numbers.txt | md5sum; curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:$port/none
curl -sI http://127.0.0.1:$port/ | grep -i content-length
for i in 1 2 3 4 5 6; do curl -s http://127.0.0.1:$port/numbers.txt | tail -n 1 & done; wait $(jobs -p | grep -v "^$server$")
curl -s -r 0-9 http://127.0.0.1:$port/numbers.txt | head -c 10 | wc -c
kill $server; wait $server; echo "server $?"; curl -s http://127.0.0.1:$port/ > /dev/null; echo "refused $?"
