#!/bin/sh
# configure: its options, what it writes, and what it says when something is missing. It writes into
# a folder of its own; a compiler that cannot link one library plays a machine without it.

root=$(pwd)
WSIGHT_CONFIG_DIR=$(mktemp -d) || exit 1
export WSIGHT_CONFIG_DIR
trap 'rm -rf "$WSIGHT_CONFIG_DIR"' EXIT
cd "$WSIGHT_CONFIG_DIR" || exit 1
unset CC CFLAGS CPPFLAGS LDFLAGS LIBS PKG_CONFIG PKG_CONFIG_PATH WSIGHT_NO_INSTALL MAKEFLAGS
export FUZZ_CC=none # not looked for: it takes long
passed=0 failed=0

expect() { # expect SENTENCE COMMAND...
    sentence=$1
    shift
    if "$@" >/dev/null 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "not so: $sentence"
        sed 's/^/    /' output
    fi
}

configure() { # leaves what it says in ./output and its exit status in $status
    "$root/configure" "$@" >output 2>&1 </dev/null
    status=$?
}

status_is() {
    [ "$status" = "$1" ]
}

# A compiler without the libraries named in WITHOUT: linking one or including its header fails.
cat >cc-without <<'END'
#!/bin/sh
for word; do
    for library in $WITHOUT; do
        [ "$word" != "-l$library" ] || { echo "cannot find -l$library" >&2; exit 1; }
    done
done
exec cc "$@"
END
# A package manager that only notes what it was asked to do.
mkdir bin
for tool in apt-get sudo; do
    printf '#!/bin/sh\necho %s "$@" >>"%s/installed"\n' $tool "$WSIGHT_CONFIG_DIR" >bin/$tool
done
# A sudo that runs the command, as sudo does.
printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
chmod +x cc-without bin/*

configure --help
expect "--help exits 0" status_is 0
for option in --install-deps --prefix --enable-debug --enable-sanitizers --enable-werror --help; do
    expect "--help lists $option" grep -q -e "$option" output
done

configure --no-such-option
expect "an unknown option exits 2" status_is 2
expect "an unknown option is named" grep -q -e "unknown option: --no-such-option" output
expect "an unknown option writes nothing" test ! -e config.mk

configure --prefix=relative
expect "a relative prefix exits 2" status_is 2

# shellcheck disable=SC2016 # a dollar sign is meant
configure --prefix="/opt/a b" --enable-debug --enable-werror CPPFLAGS=-DCOST='$5'
expect "all libraries of this machine are found" status_is 0
expect "the prefix is written" grep -qx "PREFIX = /opt/a b" config.mk
expect "--enable-debug turns optimisation off" grep -qx "CFLAGS = -O0 -g3" config.mk
expect "--enable-werror is written" grep -qx "WERROR = -Werror" config.mk
# shellcheck disable=SC2016 # make's dollar sign, doubled
expect "a dollar sign survives make" grep -q '^CPPFLAGS = -DCOST=$$5' config.mk
expect "the arguments are kept for the next run" \
    grep -q "^CONFIGURE_ARGUMENTS = --prefix='/opt/a b' --enable-debug --enable-werror CPPFLAGS=" config.mk
expect "config.h has the version" grep -q '#define WSIGHT_VERSION "[0-9.]*"' config.h
for library in PCAP NCURSESW ZLIB CRYPTO EXPAT JANSSON NGHTTP2 PCRE2; do
    expect "config.h has HAVE_$library" grep -qx "#define HAVE_$library 1" config.h
done

CC=./no-such-compiler configure
expect "a CC that does not work is an error" status_is 1
expect "a CC that does not work is named" grep -q "no-such-compiler" output
expect "a CC that does not work is not replaced" test "$(grep -c '^compiler ' output)" = 0

# Without pkg-config the compiler alone is asked.
PKG_CONFIG=./none configure
expect "libraries are found without pkg-config" status_is 0
expect "the lack of pkg-config is said" grep -q "^pkg-config .*none" output

rm -f config.mk
export CC=./cc-without PATH="$WSIGHT_CONFIG_DIR/bin:$PATH" WITHOUT="bz2 snappy"
configure
expect "optional libraries are not needed" status_is 0
expect "a missing optional library is said" grep -q "^snappy .*missing (optional" output
expect "without bzip2 its code is left out" test "$(grep -c 'HAVE_BZIP2\|HAVE_SNAPPY' config.h)" = 0
WSIGHT_NO_INSTALL=1 configure --install-deps
expect "optional libraries are not needed when they cannot be installed" status_is 0
rm -f config.mk

export WITHOUT="expat jansson cmocka bz2 snappy"
WSIGHT_NO_INSTALL=1 configure --install-deps
expect "WSIGHT_NO_INSTALL: missing libraries exit 1" status_is 1
expect "WSIGHT_NO_INSTALL: packages are named" \
    grep -q "apt-get install -y libexpat1-dev libjansson-dev libcmocka-dev\$" output
expect "WSIGHT_NO_INSTALL: nothing is installed" test ! -e installed

configure
expect "missing libraries exit 1" status_is 1
expect "missing libraries are named" grep -qx "Missing: expat jansson" output
expect "missing libraries: their packages are named" \
    grep -q "apt-get install -y libexpat1-dev libjansson-dev" output
expect "missing libraries: the way to install is named" grep -q -e "configure --install-deps" output
expect "missing libraries write no config.mk" test ! -e config.mk
expect "nothing is installed without being asked" test ! -e installed

configure --install-deps
expect "--install-deps updates the lists" grep -q "^apt-get update" installed
expect "--install-deps installs what is missing and no more" \
    grep -q "^apt-get install .* libexpat1-dev libjansson-dev libcmocka-dev libbz2-dev libsnappy-dev\$" installed
expect "what is still missing after installing exits 1" status_is 1

export WITHOUT=cmocka
configure
expect "cmocka is not needed to build" status_is 0
expect "a missing cmocka is said" grep -q "^cmocka .*missing" output
expect "a missing cmocka is written" grep -qx "HAVE_CMOCKA = " config.mk

# A machine with no compiler at all.
for tool in sh cat cmp cp dirname env grep id mktemp rm sed tail tr uname; do
    ln -s "$(command -v $tool)" bin/$tool
done
unset CC
PATH=$WSIGHT_CONFIG_DIR/bin configure
expect "a missing compiler exits 1" status_is 1
expect "a missing compiler is named with its package" grep -q "apt-get install -y gcc libc6-dev" output

echo "$passed passed, $failed failed"
[ $failed = 0 ]
