# shellcheck shell=bash
# Shared by the scripts here; not run by itself.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { echo "$bold==> $*$plain"; }
die() { echo "error: $*" >&2; exit 1; }

# Lists for the scripts and the Dockerfile to choose from.
# shellcheck disable=SC2034
{
    build_packages=(ca-certificates cmake g++ ninja-build libssl-dev nlohmann-json3-dev libspdlog-dev libcli11-dev)
    test_packages=(libgtest-dev libgmock-dev librapidcheck-dev nodejs)
    fuzz_packages=(clang libclang-rt-dev)
    example_packages=(redis-server python3 python3-redis)
    queue_packages=(redis-server postgresql beanstalkd rabbitmq-server nats-server netcat-openbsd curl jq
        python3 python3-redis python3-psycopg2 python3-pika python3-celery)
    bench_packages=(nginx-light wrk valgrind)
    monitor_packages=(prometheus)
    deploy_packages=(curl git openssl wget xz-utils)
    browser_packages=(chromium fonts-dejavu-core)
    check_packages=(ccache clang-format clang-tidy git shellcheck)
    release_packages=(git xz-utils)
    aarch64_packages=(g++-aarch64-linux-gnu qemu-user-static)
}

# Excludes the other busybox, which many machines have.
command -v busybox >/dev/null || deploy_packages+=(busybox-static)
# Newer releases of Node come with it, and exclude Debian's.
command -v npm >/dev/null || { queue_packages+=(nodejs npm); browser_packages+=(nodejs npm); }

# Sets `missing` to those of the packages named, and of Boost's, that are not installed; the latter are in `boost`, too.
find_missing() {
    # Debian 12 has two releases of Boost and calls the newer libboost1.81-dev; later ones have a new enough default.
    local package name=libboost
    # apt-cache succeeds, and prints nothing, for a name that other packages merely mention.
    if [ -n "$(apt-cache show libboost-url1.81-dev 2>/dev/null)" ]; then name=libboost1.81; fi
    boost=("$name-dev" "${name/libboost/libboost-url}-dev")
    missing=()
    for package in "$@" "${boost[@]}"; do
        [[ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null)" = ?"i "* ]] || missing+=("$package")
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "not root, and no sudo to become it; run this as root: $*"
    fi
}

# Installs what is missing of the packages named and of Boost. Needs neither root nor network when all is there.
install() {
    local missing boost tool
    if ! command -v apt-get >/dev/null; then
        say "no apt-get here: taking for granted what Debian calls $* and Boost 1.81 or later with Boost.URL"
        for tool in cmake ninja c++; do
            command -v $tool >/dev/null || die "no $tool, and no apt-get to install it with"
        done
        return
    fi
    find_missing "$@"
    [ ${#missing[@]} -gt 0 ] || return 0

    # Container images come without package lists, and old lists name files that are gone. What Boost is called
    # is known only now.
    say "apt-get update"
    as_root apt-get update -q
    find_missing "$@"
    say "apt-get install ${missing[*]}"
    # Releases of Boost exclude each other: rather fail than remove one. A machine that has just booted may be
    # updating itself: wait for that.
    # Redis is wanted as a program, not as a service: without systemd RUNLEVEL keeps Debian's scripts from starting it.
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -q -y --no-install-recommends --no-remove -o DPkg::Lock::Timeout=300 "${missing[@]}"
}

# Fills build/NAME/node_modules with what is locked in the folder $1, whose name that is: examples/queues for the examples in
# Node and the stand-in for SQS, tests/browser for what drives a browser.
install_node_modules() {
    local lock=$1/package-lock.json folder=build/${1##*/}
    ! cmp -s "$lock" "$folder/installed.json" || return 0
    say "npm ci in $folder"
    mkdir -p "$folder"
    cp "$1/package.json" "$lock" "$folder"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel error)
    cp "$lock" "$folder/installed.json"
}

# Fills build/sysroot-$1 with the libraries that the programs are built of, for Debian's architecture $2: its packages are
# fetched with the sources and keys of apt, and unpacked. The system itself learns of no other architecture.
sysroot() {
    local root=$PWD/build/sysroot-$1 apt=$PWD/build/apt-$1 package missing boost wanted=()
    [ ! -e "$root" ] || return 0
    find_missing
    for package in "${build_packages[@]}" "${boost[@]}"; do
        case $package in *-dev) wanted+=("$package") ;; esac
    done
    say "fetching ${wanted[*]} for $2"
    rm -rf "$apt" "$root.new"
    mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial" "$root.new"
    : >"$apt/status"
    local options=(-q -o Dir::State="$apt/state" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
        -o APT::Architecture="$2" -o APT::Architectures="$2" -o APT::Sandbox::User="$(id -un)")
    apt-get "${options[@]}" update
    apt-get "${options[@]}" install -y --no-install-recommends --download-only "${wanted[@]}"
    for package in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$package" "$root.new"; done
    mv "$root.new" "$root"
    rm -rf "$apt"
}

# Configures and builds a preset, with more of CMake's arguments if need be; Ninja shows the progress. A job takes up
# to a gigabyte, so no more of them than cores.
build() {
    say "building the preset $*"
    cmake --preset "$@" >build/"$1".log 2>&1 || { cat build/"$1".log >&2; die "cmake --preset $1 failed"; }
    cmake --build --preset "$1" --parallel "${JOBS:-$(nproc)}"
}
mkdir -p build
