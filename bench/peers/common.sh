# Sourced by the peer scripts: where downloads and builds are kept, and Debian packages from the archive that this machine already uses.

# A few gigabytes, outside the repository; delete it at any time.
cache=${FASTATTN_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/fastattn-peers}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "bench: $*" >&2; }

fail() {
    say "$*"
    exit 1
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

is_installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q "install ok installed"; }

missing_of() {
    for package in "$@"; do is_installed "$package" || printf '%s ' "$package"; done
}

# Installs what is missing of the packages named.
install_packages() {
    missing=$(missing_of "$@")
    [ -n "$missing" ] || return 0
    say "installing $missing"
    as_root apt-get update -qq >&2
    # shellcheck disable=SC2086
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2
}

release() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

# The archive that apt itself takes this release's packages from.
archive() {
    found=$(apt-get indextargets --format '$(REPO_URI)' "Created-By: Packages" "Codename: $(release)" | head -n 1)
    [ -n "$found" ] || fail "apt knows no archive for $(release): is this a Debian with sources?"
    echo "$found"
}

# apt-get with the non-free component and the source packages of the same archive, in lists of its own: the machine's sources stay as they are.
wider_apt_get() {
    mkdir -p "$cache/apt/lists/partial"
    cat > "$cache/apt/sources.list" <<SOURCES
deb [signed-by=$keyring] $(archive) $(release) main non-free
deb-src [signed-by=$keyring] $(archive) $(release) main
SOURCES
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dir::Etc::SourceList="$cache/apt/sources.list" -o Dir::Etc::SourceParts=- \
        -o Dir::State::Lists="$cache/apt/lists" -o APT::Sandbox::User=root "$@" >&2
}
