#!/bin/sh
# The Debian packages that nlogn uses: installed where this user may, named where not.
# bubblewrap and libseccomp2 give full isolation; g++ and nodejs run C++ and JavaScript programs.
set -u
missing=""
command -v bwrap >/dev/null 2>&1 || missing="$missing bubblewrap"
ldconfig -p 2>/dev/null | grep -q 'libseccomp\.so\.2' || missing="$missing libseccomp2"
command -v g++ >/dev/null 2>&1 || missing="$missing g++"
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "nlogn works best with these, which are not here:$missing (Debian's names)."
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    run=""
elif sudo -n true 2>/dev/null; then
    run="sudo -n"
else
    echo "Not installed, since that takes an administrator:$missing"
    echo "Ask for: sudo apt-get install$missing"
    exit 0
fi
echo "Installing$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$run apt-get install -y -qq $missing >/dev/null 2>&1 ||
    { $run apt-get update -qq >/dev/null 2>&1 && $run apt-get install -y -qq $missing >/dev/null; } ||
    echo "Could not install:$missing. nlogn goes on with the isolation that it can get."
exit 0
