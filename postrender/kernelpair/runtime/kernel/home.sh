#!/bin/sh
# Copies what the image ships in the user's home into the volume that both containers then share.
# usage: home.sh HOME TARGET; entry by entry, because the target itself belongs to the kubelet.
set -eu
[ -d "$1" ] || exit 0
cd "$1"
for entry in .[!.]* ..?* *; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then
        cp -a "./$entry" "$2/"
    fi
done
