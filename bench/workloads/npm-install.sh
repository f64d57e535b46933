# npm install of a local package, offline.
# metric: seconds
# needs: npm node
# data: package.tgz
export HOME=$PWD npm_config_cache=$PWD/cache npm_config_update_notifier=false npm_config_audit=false npm_config_fund=false
mkdir app && cd app && echo '{"name":"app","version":"1.0.0"}' > package.json
npm install --offline --silent "$DATA/package.tgz" && [ -e node_modules/package-of-ours/index.js ]
