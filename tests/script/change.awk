# change.awk -v want=N: copies a script with its N-th expectation changed (a length, an error, a result; not the number of a new
# descriptor, which is the script's own). Status 1 when there are fewer.
function hit() { return ++seen == want }
{
    line = $0; note = ""
    if (match(line, /[ \t]*\/\/.*$/)) { note = substr(line, RSTART); line = substr(line, 1, RSTART - 1) }
    if (line ~ /^[^"`<]*[ \t]>[ \t].*\([0-9]+\)/ && hit()) {
        # the last length in parentheses, one more
        match(line, /.*\(/); head = substr(line, 1, RLENGTH); rest = substr(line, RLENGTH + 1)
        match(rest, /^[0-9]+/); line = head (substr(rest, 1, RLENGTH) + 1) substr(rest, RLENGTH + 1)
    } else if (line ~ /\) *= *-1 +E[A-Z0-9]+/ && hit()) {
        sub(/-1 +E[A-Z0-9]+.*$/, "-1 EXDEV (Invalid cross-device link)", line)
    } else if (line ~ /\) *= *[0-9]+ *$/ && line !~ / (socket|accept)\(/ && hit()) {
        match(line, /[0-9]+ *$/); line = substr(line, 1, RSTART - 1) (substr(line, RSTART) + 1)
    }
    print line note
}
END { exit seen < want }
