// Of a header that has gone.
