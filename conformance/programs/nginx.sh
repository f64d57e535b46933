# nginx with worker processes: curl and wrk over loopback, reload, stop.
command -v nginx > /dev/null && command -v curl > /dev/null || { echo "no nginx"; exit 77; }
mkdir -p www tmp; seq 1 10000 > www/numbers; echo index > www/index.html; head -c 5000000 /dev/zero | tr '\0' z > www/large
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
user=; [ "$(id -u)" != 0 ] || user="user root;"
cat > nginx.conf << END
$user worker_processes 2; pid $PWD/pid; error_log $PWD/error.log; daemon on;
events { worker_connections 256; }
http { access_log $PWD/access.log; sendfile on; gzip on; gzip_types *; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  server { listen 127.0.0.1:$port; root $PWD/www; location /up { proxy_pass http://127.0.0.1:$port/numbers; } } }
END
nginx -p "$PWD" -c nginx.conf -e error.log; echo "start $?"
u=http://127.0.0.1:$port; for i in $(seq 100); do curl -sf $u/ > /dev/null && break; sleep 0.1; done
curl -s $u/; curl -s $u/numbers | md5sum; curl -s $u/large | md5sum; curl -s --compressed $u/numbers | wc -l; curl -s $u/up | tail -n 1; curl -s -r 10-19 $u/numbers | wc -c
curl -s -o /dev/null -w '%{http_code}\n' $u/none; for i in $(seq 20); do curl -s $u/numbers | wc -c & done | sort | uniq -c; wait
if command -v wrk > /dev/null; then wrk -t 2 -c 20 -d 2 $u/ > wrk.out; grep -c 'Requests/sec' wrk.out; grep -E 'Socket errors|Non-2xx' wrk.out; else echo 1; fi
kill -HUP "$(cat pid)"; sleep 0.5; curl -s $u/; curl -s -I $u/ | grep -ci '^server: nginx'
kill -QUIT "$(cat pid)"; for i in $(seq 100); do [ -e pid ] || break; sleep 0.1; done; ls pid 2> /dev/null | wc -l; grep -c 'GET /numbers' access.log; grep -v 'notice\|signal process started\|www/none' error.log | head -n 3
