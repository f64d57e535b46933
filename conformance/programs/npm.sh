# npm: init, a package from a local archive, scripts; node's worker threads and child processes through it.
command -v npm > /dev/null || { echo "no npm"; exit 77; }
export npm_config_cache=$PWD/cache npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false npm_config_offline=true HOME=$PWD
mkdir lib app; cd lib; echo '{"name":"adder","version":"1.2.3","main":"a.js"}' > package.json; echo 'module.exports = (a, b) => a + b;' > a.js; npm pack --silent; cd ../app
npm init -y > /dev/null; npm install --silent ../lib/adder-1.2.3.tgz; echo "install $?"; ls node_modules; node -e 'console.log(require("adder")(2, 3))'
npm pkg set scripts.test='node test.js && echo tested'; cat > test.js << 'END'
const { Worker, isMainThread, parentPort } = require("worker_threads"), { execFileSync } = require("child_process");
if (!isMainThread) { parentPort.on("message", (m) => { parentPort.postMessage(m * 2); parentPort.close(); }); }
else { let n = 0, sum = 0; for (let i = 0; i < 6; i++) { const w = new Worker(__filename); w.on("message", (m) => { sum += m; }); w.on("exit", () => { if (++n == 6) console.log(sum, execFileSync("echo", ["child"]).toString().trim()); }); w.postMessage(i); } }
END
npm test --silent; echo "test $?"; npm ls --depth=0 | grep -c adder@1.2.3; npm uninstall --silent adder; ls node_modules 2> /dev/null | wc -l
