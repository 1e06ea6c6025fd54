# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# lib.sh: what the scripts share: building, a free port, an httpd to load modules into, and stopping
# by process id what was started. It is sourced: `. "$(dirname "$0")/lib.sh"`.

shopt -s inherit_errexit # what fails within $( ) fails the script
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=/usr/bin/python3 # Debian's own: another one in the PATH may lack the packages
export PYTHONDONTWRITEBYTECODE=1
umask 022

say() { printf '%s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# build DIRECTORY: the module and the tool, out of tree. Prints nothing unless it fails.
build() {
    mkdir -p "$1"
    make_all "$1" >"$1/build.log" 2>&1 || {
        tail -n 30 "$1/build.log" >&2
        die "building failed; all of it is in $1/build.log"
    }
}

make_all() {
    if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ] ||
        [ "$top/Makefile.am" -nt "$top/configure" ]; then
        (cd "$top" && autoreconf -fi && touch configure) || return
    fi
    cd "$1" || return
    [ Makefile -nt "$top/configure" ] || "$top/configure" || return
    make -j"$(nproc)" mod_apiguard.la apiguardctl
}

# free_port PREFERRED: that port of loopback, or another one when somebody listens there.
free_port() {
    "$python" - "$1" <<'PY'
import socket, sys
for port in int(sys.argv[1]), 0:
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            continue
        print(s.getsockname()[1])
        break
PY
}

httpd_program() { command -v apache2 || command -v httpd || die "no httpd found"; }

# load_modules NAME...: LoadModule lines for httpd's own modules, where it has them.
load_modules() {
    local directory name
    directory=$(apxs -q LIBEXECDIR)
    for name; do
        printf 'LoadModule %-20s %s\n' "${name}_module" "$directory/mod_$name.so"
    done
}

# The user the server runs as: root starts it, but does not serve.
server_user() {
    if [ "$(id -u)" = 0 ]; then echo www-data; else id -un; fi
}

# exec_as_server COMMAND...: becomes the command, as that user.
exec_as_server() {
    [ "$(id -u)" != 0 ] ||
        exec setpriv --reuid "$(server_user)" --regid "$(server_user)" --clear-groups -- "$@"
    exec "$@"
}

# server_directory NAME: makes build/NAME, empty and the server user's, and prints where it is.
# A clone below a closed home directory is out of that user's reach; build/NAME is then a link.
server_directory() {
    local directory=$top/build/$1
    remove_directory "$directory"
    mkdir -p "$directory"
    if ! (exec_as_server test -x "$directory"); then
        rmdir "$directory"
        ln -s "$(mktemp -d "/var/tmp/apiguard-$1.XXXXXX")" "$directory"
    fi
    directory=$(realpath "$directory")
    chmod 755 "$directory"
    chown "$(server_user)" "$directory"
    echo "$directory"
}

remove_directory() {
    local real
    real=$(realpath -m "$1")
    [[ $real != /var/tmp/apiguard-* ]] || rm -rf "$real"
    rm -rf "$1"
}

# wait_port PORT PID: until something listens; fails when the process ends before it does.
wait_port() {
    local tries
    for tries in {1..600}; do
        (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
        running "$2" || return
        sleep 0.05
    done
    say "nothing listens on port $1 after $((tries / 20)) seconds"
    return 1
}

# stop_pid PID: asks it to end and waits until it has; insists after ten seconds.
stop_pid() {
    local tries
    kill "$1" 2>/dev/null || return 0
    for tries in {1..240}; do
        running "$1" || return 0
        [ "$tries" != 200 ] || kill -9 "$1" 2>/dev/null || return 0
        sleep 0.05
    done
    die "process $1 does not end"
}

# A child that ended but was not yet waited for (state Z) does not run.
running() { [[ $(ps -o state= -p "$1") == [!Z]* ]]; }
