#include "builds/build_step.h"

#include <fmt/format.h>

namespace meridian::builds {
namespace {

// $1 the logical id, $2 where in the package the files belong, $3 the handler.
constexpr std::string_view kPrologue = R"sh(set -eu
need() {
    command -v "$1" >/dev/null && return
    echo "build: there is no $1 among the runtime's tools: $2" >&2
    exit 127
}
target=$ARTIFACTS_DIR/$2
mkdir -p "$HOME" "$target" /tmp/build
cp -R /var/task/. /tmp/build
cd /tmp/build
)sh";

constexpr std::string_view kMakefileStep = R"sh(need make "install make on this region's machine"
exec make --makefile Makefile "build-$1"
)sh";

// Wheels only: a source distribution runs its setup.py. The function's own files win.
constexpr std::string_view kPythonStep = R"sh(need python3 "install the runtime's bundle"
python3 -m pip --version >/dev/null 2>&1 || {
    echo "build: this runtime's python3 has no pip: install python3-pip on this region's machine" >&2
    exit 127
}
python3 -m pip install --requirement requirements.txt --target "$target" --only-binary :all: \
    --no-compile --no-cache-dir --no-input --progress-bar off --no-warn-script-location \
    --disable-pip-version-check --root-user-action ignore
cp -R . "$target"
)sh";

constexpr std::string_view kNodejsStep = R"sh(need npm "install npm on this region's machine"
cp -R . "$target"
cd "$target"
if ! [ -f package-lock.json ] && ! [ -f npm-shrinkwrap.json ]; then
    echo "build: package.json has dependencies, and no package-lock.json says which: make one with" \
        "\`npm install --package-lock-only\`" >&2
    exit 1
fi
exec npm ci --omit=dev --ignore-scripts
)sh";

constexpr std::string_view kGoStep = R"sh(need go "install Go below /usr on this region's machine"
exec go build -trimpath -buildvcs=false -ldflags=-buildid= -o "$target/bootstrap" .
)sh";

constexpr std::string_view kRustStep =
    R"sh(need cargo "install cargo below /usr on this region's machine"
cargo build --release --locked
programs=$(find /tmp/target/release -maxdepth 1 -type f -perm -100 ! -name '*.so')
if [ "$(printf '%s\n' "$programs" | wc -l)" != 1 ]; then
    programs=/tmp/target/release/$3
fi
if ! [ -f "$programs" ]; then
    echo "build: the crate has no program, or several of which none is named as the handler" >&2
    exit 1
fi
cp "$programs" "$target/bootstrap"
)sh";

// What the build has made its own, is made readable; what it has put there instead of a directory,
// is not followed.
constexpr std::string_view kCollect = R"sh(set -eu
if [ -L /tmp/artifacts ] || ! [ -d /tmp/artifacts ]; then
    echo "build: the artifacts' directory is gone" >&2
    exit 1
fi
command -v tar >/dev/null || { echo "build: there is no tar among the runtime's tools" >&2; exit 127; }
chmod -R u+rwX /tmp/artifacts
exec tar --create --format=pax --sort=name --numeric-owner --hard-dereference \
    --directory=/tmp/artifacts . >&3
)sh";

std::string_view script_of(BuildMethod method) {
    switch (method) {
        case BuildMethod::kMakefile:
            return kMakefileStep;
        case BuildMethod::kPython:
            return kPythonStep;
        case BuildMethod::kNodejs:
            return kNodejsStep;
        case BuildMethod::kGo:
            return kGoStep;
        case BuildMethod::kRust:
            return kRustStep;
    }
    return "exit 1";
}

// Where in a layer runtimes look; a makefile puts things there by itself.
char const* folder_of(BuildRequest const& request) {
    if (!request.is_layer) return ".";
    if (request.method == BuildMethod::kPython) return "python";
    if (request.method == BuildMethod::kNodejs) return "nodejs";
    return ".";
}

constexpr char const* kShell = "/bin/sh";
// Of the host's certificates, which every bundle mounts.
constexpr char const* kCertificates = "/etc/ssl/certs/ca-certificates.crt";
constexpr char const* kDefaultPath = "/var/lang/bin:/usr/local/bin:/usr/bin:/bin";
// Where Go's own archive unpacks.
constexpr char const* kGoPath = "/usr/local/go/bin";

}  // namespace

std::vector<std::string> step_command(BuildRequest const& request) {
    return {kShell,
            "-c",
            std::string(kPrologue) + std::string(script_of(request.method)),
            "build",
            request.logical_id,
            folder_of(request),
            request.handler};
}

std::vector<std::string> collect_command() {
    return {kShell, "-c", std::string(kCollect), "build"};
}

std::vector<std::string> step_environment(StepEnvironment const& from) {
    std::map<std::string, std::string> all = {
        {"ARTIFACTS_DIR", kArtifactsDirectory},
        {"HOME", kHomeDirectory},
        {"LANG", "C.UTF-8"},
        {"PATH", kDefaultPath},
        {"TMPDIR", "/tmp"},
        {"TZ", "UTC"},
        // 1980-01-01, the first day of a zip.
        {"SOURCE_DATE_EPOCH", "315532800"},
        // Whom the host trusts: not every tool asks the system by itself.
        {"NODE_EXTRA_CA_CERTS", kCertificates},
        {"PIP_CERT", kCertificates},
        {"SSL_CERT_FILE", kCertificates},
        {"PYTHONDONTWRITEBYTECODE", "1"},
        {"npm_config_audit", "false"},
        {"npm_config_fund", "false"},
        {"npm_config_progress", "false"},
        {"npm_config_update_notifier", "false"},
        {"CGO_ENABLED", "0"},
        {"GOTOOLCHAIN", "local"},
        {"GOTELEMETRY", "off"},
        {"CARGO_TARGET_DIR", "/tmp/target"},
    };
    for (auto const* const name : {"PATH", "LD_LIBRARY_PATH"}) {
        if (auto const found = from.bundle.find(name); found != from.bundle.end())
            all[name] = found->second;
    }
    all["PATH"] += fmt::format(":{}", kGoPath);
    if (from.proxy.empty()) {
        // So that tools say at once that they need the network, and do not try for minutes.
        all["PIP_NO_INDEX"] = "1";
        all["npm_config_offline"] = "true";
        all["GOPROXY"] = "off";
        all["CARGO_NET_OFFLINE"] = "true";
    } else {
        for (auto const* const name : {"HTTPS_PROXY", "https_proxy"}) all[name] = from.proxy;
        all["CARGO_HTTP_PROXY"] = from.proxy;
        all["CARGO_REGISTRIES_CRATES_IO_PROTOCOL"] = "sparse";
        // No version control program clones through the proxy.
        all["GOPROXY"] = "https://proxy.golang.org";
    }
    for (auto const& [name, value] : from.extra) all[name] = value;
    std::vector<std::string> out;
    out.reserve(all.size());
    for (auto const& [name, value] : all) out.push_back(fmt::format("{}={}", name, value));
    return out;
}

}  // namespace meridian::builds
