#!{program}
repository: {data}/test.fossil
