mod gen_server;
mod script;
mod supervised;
mod support;
