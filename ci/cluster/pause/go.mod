module kernelpair/pause

go 1.24
