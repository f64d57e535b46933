# nginx serving 1 KB to wrk with 20 connections over loopback.
# metric: rate requests
# needs: nginx wrk curl
mkdir -p html
head -c 1024 /dev/zero | tr '\0' x > html/k
cat > nginx.conf <<C
worker_processes 1; daemon off; pid $PWD/pid; error_log stderr;
events { worker_connections 256; }
http {
	access_log off; keepalive_requests 1000000000;
	client_body_temp_path $PWD/t1; proxy_temp_path $PWD/t2; fastcgi_temp_path $PWD/t3; uwsgi_temp_path $PWD/t4; scgi_temp_path $PWD/t5;
	server { listen 127.0.0.1:17380; root $PWD/html; }
}
C
[ "$(id -u)" != 0 ] || { chmod 755 . html; sed -i '1i user root;' nginx.conf; }
nginx -c "$PWD/nginx.conf" -e stderr 2> log &
server=$!
for ((i = 0; i < 200; i++)); do curl -sf -o /dev/null http://127.0.0.1:17380/k && break; sleep 0.05; done
wrk -t 1 -c 20 -d "${SECONDS_OF_LOAD:-4}" http://127.0.0.1:17380/k > result
status=$?
kill $server; wait $server
sed -n 's/^Requests\/sec: */requests /p' result
exit $status
