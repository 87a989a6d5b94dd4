message(FATAL_ERROR "tessera includes a module of its user")
