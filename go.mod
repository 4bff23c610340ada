module github.com/montimer/montimer

go 1.26.0
