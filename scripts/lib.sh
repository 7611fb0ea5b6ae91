# Shared by the scripts here; not run by itself.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

build_packages=(
    ca-certificates cmake g++ ninja-build pkg-config
    libssl-dev nlohmann-json3-dev libspdlog-dev libcli11-dev
)
test_packages=(libgtest-dev libgmock-dev ccache clang-format clang-tidy git curl)

# The newest Boost the release has: Debian 12 calls it libboost1.81-dev, later ones have it as the default.
boost_packages() {
    if apt-cache show libboost-url1.81-dev >/dev/null 2>&1; then
        echo libboost1.81-dev libboost-url1.81-dev
    else
        echo libboost-dev libboost-url-dev
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs what is missing of the packages named, with apt-get. Does nothing, and needs no root, when all is there.
install() {
    command -v apt-get >/dev/null || die "these scripts install with apt-get; elsewhere install: ${build_packages[*]} and Boost 1.81 or later"
    local wanted missing=()
    if ! dpkg -s "$1" >/dev/null 2>&1 || ! apt-cache show cmake >/dev/null 2>&1; then
        say "apt-get update"
        as_root apt-get update -q
    fi
    # shellcheck disable=SC2046 # two words are meant
    for wanted in "$@" $(boost_packages); do
        [ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$wanted" 2>/dev/null)" = "ii " ] || missing+=("$wanted")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "apt-get install ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Configures and builds a preset; Ninja shows the progress.
build() {
    say "building the preset $1"
    cmake --preset "$1" >build/"$1".log 2>&1 || { cat build/"$1".log >&2; die "cmake --preset $1 failed"; }
    cmake --build --preset "$1"
}
mkdir -p build
