# Writes the commit that is live beside the page.
set -eu
echo "$XHOST_SHA" > version.txt
