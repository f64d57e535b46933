# node: http server and client, worker_threads, child_process, fs, timers, streams.
command -v node > /dev/null || { echo "no node"; exit 77; }
cat > a.js << 'END'
const http = require('http'), fs = require('fs'), cp = require('child_process'), zlib = require('zlib'), crypto = require('crypto'), path = require('path');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
if (!isMainThread) { let s = 0; for (let i = 0; i < workerData; i++) s += i; parentPort.postMessage(s); return; }
const get = (port, p) => new Promise((ok, bad) => http.get({ port, path: p }, r => { let d = ''; r.on('data', c => d += c); r.on('end', () => ok(r.statusCode + ' ' + d)); }).on('error', bad));
(async () => {
  const server = http.createServer((q, r) => { r.statusCode = q.url === '/no' ? 404 : 200; r.end('you asked ' + q.url); });
  await new Promise(ok => server.listen(0, '127.0.0.1', ok)); const port = server.address().port;
  console.log(await get(port, '/one'), '|', await get(port, '/no'));
  console.log((await Promise.all([...Array(30).keys()].map(i => get(port, '/' + i)))).length); server.close();
  console.log(await Promise.all([1e5, 2e5, 3e5].map(n => new Promise(ok => new Worker(__filename, { workerData: n }).on('message', ok)))));
  console.log(cp.execSync('echo from sh | tr a-z A-Z').toString().trim(), cp.spawnSync('sh', ['-c', 'exit 4']).status);
  console.log(await new Promise(ok => { const c = cp.spawn('cat'); let d = ''; c.stdout.on('data', x => d += x); c.on('close', code => ok(code + ' ' + d.length)); c.stdin.end('y'.repeat(300000)); }));
  fs.mkdirSync('x/y', { recursive: true }); fs.writeFileSync('x/y/z', 'text'); await fs.promises.rename('x/y/z', 'x/w'); console.log(fs.readFileSync('x/w', 'utf8'), fs.readdirSync('x').sort(), fs.statSync('x/w').size);
  console.log(zlib.gunzipSync(zlib.gzipSync('z'.repeat(1e5))).length, crypto.createHash('sha1').update('abc').digest('hex').slice(0, 8));
  await new Promise(ok => { const w = fs.watch('x', (e, f) => { w.close(); console.log('watch', f); ok(); }); setTimeout(() => fs.writeFileSync('x/new', '1'), 50); });
  const t = Date.now(); await new Promise(ok => setTimeout(ok, 100)); console.log(Date.now() - t >= 99 && Date.now() - t < 3000);
  console.log(process.platform, process.memoryUsage().rss > 1e6, require('os').cpus().length > 0);
})();
END
node a.js
echo 'setTimeout(() => process.exit(6), 10)' | node -; echo "exit $?"
node -e 'process.on("SIGTERM", () => { console.log("term"); process.exit(0); }); process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 5000)'
node -e 'fork = require("child_process").fork; if (process.argv[2]) process.send("x"); else require("fs").writeFileSync("k.js", "process.on(\"message\", m => { process.send(m * 2); process.disconnect(); })"), c = fork("k.js"), c.on("message", m => console.log("ipc", m)), c.send(21)'
