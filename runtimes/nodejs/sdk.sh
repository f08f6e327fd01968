# Read by the nodejs*.x recipes after build.sh. AWS's Node.js runtimes bring the whole AWS SDK for JavaScript v3; these
# bring its clients of the services that a function can reach (package.json), as the npm registry has them.

# node_sdk: the packages that package-lock.json names, without what only compilers of TypeScript and bundlers read. They
# hold no machine code, so one directory serves all runtimes.
node_sdk() {
    local made
    made=$MERIDIAN_RUNTIMES/.clients/aws-sdk-$(cat "$recipes"/nodejs/{package-lock.json,sdk.sh} | sha256sum | cut -c1-12)
    exec 8>"$MERIDIAN_RUNTIMES/.clients/aws-sdk.lock"
    flock 8  # the recipes run at the same time
    if [ ! -d "$made" ]; then
        mkdir "$work/sdk"
        cp "$recipes/nodejs/package.json" "$recipes/nodejs/package-lock.json" "$work/sdk/"
        npm ci --silent --no-audit --no-fund --ignore-scripts --prefix "$work/sdk" ||
            cannot "the npm registry has not what nodejs/package-lock.json names"
        find "$work/sdk/node_modules" -depth \( -name dist-types -o -name dist-es -o -name '*.d.ts' -o -name '*.map' \
            -o -name .bin -o -name .package-lock.json \) -exec rm -rf {} +
        rm -rf "$MERIDIAN_RUNTIMES"/.clients/aws-sdk-*/ "$made.new"
        mv "$work/sdk/node_modules" "$made.new"
        mv "$made.new" "$made"
    fi
    exec 8>&-
    cp -r "$made/." "$bundle/runtime/node_modules/"
}
