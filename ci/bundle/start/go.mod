module kernelpair/start

go 1.24
