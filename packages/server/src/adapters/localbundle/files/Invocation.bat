@echo off
rem Starts the run that this folder was made for. Needs Python 3.6 or newer, as py -3 or python, nothing else.
rem All values of the run are in job.json and are read by agent.py; none is ever part of a command line here.
setlocal DisableDelayedExpansion
set "AZUREML_TARGET_TYPE="
py -3 -I -c "import sys; sys.exit(sys.version_info < (3, 6))" >nul 2>nul
if not errorlevel 1 goto launcher
python -I -c "import sys; sys.exit(sys.version_info < (3, 6))" >nul 2>nul
if not errorlevel 1 goto plain
echo malachite: no Python 3.6 or newer was found as py -3 or python. 1>&2
exit /b 125

:launcher
py -3 -I -B "%~dp0agent.py" %*
exit /b %ERRORLEVEL%

:plain
python -I -B "%~dp0agent.py" %*
exit /b %ERRORLEVEL%
