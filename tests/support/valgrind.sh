# Sourced: `checked` runs a program so that what it leaks or touches wrongly ends with status 99.
need valgrind
unset LD_PRELOAD
checked=(valgrind --error-exitcode=99 --leak-check=full --show-leak-kinds=definite,indirect
  --errors-for-leak-kinds=definite,indirect)
