# Read by the nodejs*.x recipes after lib.sh. The interpreter and its headers come from the npm package
# node-<os>-<arch>, the client from the npm package aws-lambda-ric. The client's add-on uses Node-API only and is
# compiled against those headers (nodedir); nothing is fetched from outside the npm registry.

# node_interpreter VERSION: the unpacked npm package in $node, its bin/node in the bundle.
node_interpreter() {
    need npm "apt: npm, or your Node.js distribution"
    node=$work/node/package
    mkdir -p "$work/node" "$bundle/lang/bin"
    (cd "$work/node" && npm pack --silent "node-linux-$(npm_arch)@$1" >/dev/null) ||
        cannot "the npm registry has no node-linux-$(npm_arch)@$1"
    tar -xzf "$work"/node/*.tgz -C "$work/node"
    cp "$node/bin/node" "$bundle/lang/bin/node"
    chmod 755 "$bundle/lang/bin/node"
    "$bundle/lang/bin/node" --version
}

# node_client VERSION: aws-lambda-ric, built with the interpreter at hand, as node_modules in the bundle. An
# add-on that uses Node-API runs on every later Node.js, so one build serves all runtimes with the same client.
node_client() {
    local built
    built=$MERIDIAN_RUNTIMES/.clients/aws-lambda-ric-$1-$(sha256sum <"$recipes/nodejs/build.sh" | cut -c1-12)
    exec 8>"$MERIDIAN_RUNTIMES/.clients/$1.lock"
    flock 8  # two recipes with the same client run at the same time
    if [ ! -d "$built" ]; then
        for tool in cmake make g++ python3 autoconf automake libtoolize; do need $tool "apt: $tool"; done
        echo '{"private":true}' >"$work/package.json"
        npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" "aws-lambda-ric@$1" ||
            cannot "the npm registry has no aws-lambda-ric@$1"
        # What npm would run by itself, unless its configuration forbids install scripts, but with the interpreter that
        # the add-on is for. Debian's npm runs under Debian's own Node.js only; all that these scripts want of it is
        # `npm run NAME`.
        mkdir "$work/bin"
        cat >"$work/bin/npm" <<'NPM'
#!/bin/sh
exec sh -c "$(node -p "require('./package.json').scripts['$2']")"
NPM
        chmod 755 "$work/bin/npm"
        (
            export PATH="$work/bin:$bundle/lang/bin:$work/node_modules/.bin:$PATH" MAKEFLAGS="-j$(nproc)"
            export npm_config_nodedir="$node" npm_config_python=/usr/bin/python3
            cd "$work/node_modules/aws-lambda-ric"
            npm run preinstall
            npm run postinstall
        )
        local client=$work/node_modules/aws-lambda-ric
        rm -rf "$client/deps" "$client/src" "$client/scripts" "$client/build" "$client/node_modules"
        find "$client" -name rapid-client.node | grep -q . || return 1
        # The client is bundled into one file; node-gyp and its dependencies were for the build only.
        rm -rf "$MERIDIAN_RUNTIMES/.clients/aws-lambda-ric-$1-"*
        mkdir -p "$built.new/node_modules"
        mv "$client" "$built.new/node_modules/"
        strip --strip-unneeded "$(find "$built.new" -name rapid-client.node)"
        mv "$built.new" "$built"
    fi
    exec 8>&-
    cp -r "$built/node_modules" "$bundle/runtime/node_modules"
}

node_bundle() {
    common_runtime_files
    cp "$recipes/nodejs/bootstrap" "$bundle/runtime/bootstrap"
    cp "$recipe/index.mjs" "$bundle/runtime/index.mjs"
    node_interpreter "$NODE_VERSION"
    node_client "$CLIENT_VERSION"
    manifest
}
