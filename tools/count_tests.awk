# Reads the output of one GoogleTest program and writes to the files PASSED, FAILED and SKIPPED: the names, one on a line.
# Prints what a person needs to see: for each failed test all that it said, for a program that died all since its last test began.

function forget() { said = ""; running = "" }

/^\[ RUN      \] / { forget(); running = $4; next }
/^\[       OK \] .* ms\)$/ { print running > PASSED; forget(); next }
/^\[  SKIPPED \] .* ms\)$/ { print running ": " reason(said) > SKIPPED; forget(); next }
/^\[  FAILED  \] .* ms\)$/ { print running > FAILED; printf "--- %s\n%s", running, said; forget(); next }
/^\[==========\] .* ran\./ { ended = 1 }
# Failures outside of tests: a test suite's or the environment's set-up.
running == "" && /: Failure$/ { outside = 1 }
running != "" || outside { said = said $0 "\n" }

# The message of GTEST_SKIP stands below its "FILE:LINE: Skipped".
function reason(text,   lines, count, i) {
  count = split(text, lines, "\n")
  for (i = 1; i < count; ++i) if (lines[i] ~ /: Skipped$/ && lines[i + 1] != "") return lines[i + 1]
  return "no reason given"
}

END {
  if (outside) { print "(set-up)" > FAILED; printf "--- set-up or tear-down\n%s", said }
  else if (!ended || running != "") {
    print (running == "" ? "(outside of tests)" : running) > FAILED
    printf "--- the program died or ran out of time in: %s\n%s", running == "" ? "(no test)" : running, said
  }
}
