-- The application's role and database, and the one behind the native MongoDB stand-in. psql variables
-- `user`, `password` and `database`; may be run again. The role may create databases, because every
-- test makes its own.
SELECT format('CREATE ROLE %I LOGIN CREATEDB PASSWORD %L', :'user', :'password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'user') \gexec
SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'user')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec

SELECT format('CREATE ROLE ferretdb LOGIN PASSWORD %L', :'password')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ferretdb') \gexec
SELECT 'CREATE DATABASE ferretdb OWNER ferretdb'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'ferretdb') \gexec
